import { mkdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { amountIn, countIn } from '../../scripts/option-values.mjs';
import { checkLogs, type Truth, type Verdict } from '../support/checker.ts';
import { buildCli } from '../support/built-cli.ts';
import { makeClients, type Clients } from './clients.ts';
import { healed, injectFaults, injectNoise, whatAils, type Incident } from './incidents.ts';
import { isWithinBound, measure } from './measure.ts';
import { makePlan, type Plan } from './plan.ts';
import { report } from './report.ts';
import { startRig, type Rig } from './rig.ts';
import { StallWatch } from './stall-watch.ts';
import { STORE_MODES, type StoreMode } from './store.ts';

const DEFAULT_MINUTES = 2;
/** One-minute candles close five times a second. */
const SPEED = 300;
const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'XRPUSDT', 'DOGEUSDT', 'ADAUSDT'];
const INTERVALS = ['1', '5'];
const CONVERGENCE_MS = 15_000;
const TAIL_LINES = 40;

interface Options {
  readonly seed: number;
  readonly minutes: number;
  readonly redis?: StoreMode;
  readonly only?: string;
  readonly logs?: string;
  readonly plan: boolean;
}

const options = new Command('npm run test:faults --')
  .description(
    'The whole product as processes, with faults from a seeded schedule; see docs/faults.md.',
  )
  .addOption(
    new Option('--seed <seed>', 'the same one makes the same schedule')
      .env('FAULTS_SEED')
      .argParser(countIn)
      .default(1),
  )
  .addOption(
    new Option('--minutes <minutes>', 'how long')
      .env('FAULTS_MINUTES')
      .argParser(amountIn)
      .default(DEFAULT_MINUTES),
  )
  .addOption(
    new Option(
      '--redis <kind>',
      'with a replica and sentinels, or alone; else every third seed has them',
    )
      .env('FAULTS_REDIS')
      .choices(STORE_MODES),
  )
  .option('--only <text>', 'nothing but faults whose names hold this')
  .option('--logs <folder>', 'keep everything that the processes write')
  .option('--plan', 'print the schedule and end', false)
  .allowExcessArguments(false)
  .parse()
  .opts<Options>();
const { seed, minutes } = options;
const storeMode: StoreMode = options.redis ?? (seed % 3 === 0 ? 'sentinel' : 'single');
const startedAt = Date.now();

/** Since the start, for people. */
function time(at: number): string {
  return `${((at - startedAt) / 1000).toFixed(1)} s`;
}

function print(line: string): void {
  console.log(`${time(Date.now()).padStart(8)}  ${line}`);
}

function printPlan({ faults, noise }: Plan): void {
  console.log(`Seed ${seed}, Redis ${storeMode}. Planned, as far as ${minutes} minutes reach:`);
  for (const { name, note, heldMs, pauseMs } of faults) {
    console.log(`  after ${pauseMs} ms: ${name} ${note} for ${heldMs} ms`);
  }
  console.log('Beside them:');
  for (const { name, patch, heldMs, pauseMs } of noise) {
    console.log(`  after ${pauseMs} ms: ${name} ${JSON.stringify(patch)} for ${heldMs} ms`);
  }
}

/** Injects everything, then lets all heal. @returns what happened, and what did not heal */
async function disturb(rig: Rig, clients: Clients, plan: Plan) {
  const deps = { rig, steady: clients.steady, print };
  const complaints: string[] = [];
  const complain = async (when: string) => {
    complaints.push(`not healed ${when}`, ...(await whatAils(deps)));
  };
  const incidents: Incident[] = [];
  if ((await healed(deps, startedAt)) === null) {
    await complain('at the start');
    return { incidents, complaints };
  }
  print('everything works');
  const goodAgain = new AbortController();
  const misbehaviour = clients.misbehave(goodAgain.signal);
  const until = Date.now() + minutes * 60_000;
  try {
    const lanes = [
      injectFaults(deps, plan.faults, until),
      injectNoise(deps, plan.noise, until),
    ] as const;
    incidents.push(...(await Promise.all(lanes)).flat());
  } finally {
    goodAgain.abort();
    await misbehaviour;
  }
  const last = incidents.find(({ healedAt }) => healedAt === null);
  if (last !== undefined) await complain(`after ${last.name}`);
  else if ((await healed(deps, Date.now())) === null) await complain('at the end');
  return { incidents, complaints };
}

/** Waits until every client has everything, or the time is up. */
async function judge(rig: Rig, clients: Clients): Promise<Verdict> {
  await rig.exchange.standStill();
  const truths = new Map<string, Truth>();
  const logs = () => clients.all.flatMap((client) => client.logs());
  for (const channel of rig.channels) {
    const starts = logs()
      .filter((log) => log.channel === channel)
      .flatMap(({ owedAfter, candles }) => [
        owedAfter ?? Infinity,
        ...candles.map(({ start }) => start),
      ]);
    truths.set(
      channel,
      await rig.exchange.truth(
        channel,
        starts.reduce((a, b) => Math.min(a, b)),
      ),
    );
  }
  const deadline = Date.now() + CONVERGENCE_MS;
  for (;;) {
    const verdict = checkLogs(logs(), truths);
    if (verdict.problems.length === 0 || Date.now() > deadline) return verdict;
    await delay(250);
  }
}

/** Everything that the processes have written, a file for each member. */
function writeLogs(rig: Rig, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const each of rig.members()) {
    writeFileSync(path.join(folder, `${each.name}.log`), `${each.tail(Infinity).join('\n')}\n`);
  }
}

function printTails(rig: Rig): void {
  for (const each of rig.members()) {
    console.log(`\nLast lines of ${each.name}:\n${each.tail(TAIL_LINES).join('\n')}`);
  }
}

async function main(): Promise<boolean> {
  const plan = makePlan(seed, minutes * 60_000, storeMode, options.only);
  printPlan(plan);
  if (options.plan) return true;
  await buildCli();
  const rig = await startRig({
    seed,
    speed: SPEED,
    symbols: SYMBOLS,
    intervals: INTERVALS,
    storeMode,
  });
  const clients = await makeClients(rig, seed);
  const watch = new StallWatch();
  try {
    clients.start();
    const { incidents, complaints } = await disturb(rig, clients, plan);
    const verdict = await judge(rig, clients);
    const measurements = measure(rig, incidents, clients.steady, clients.resuming);
    const failures = [
      ...complaints,
      ...verdict.problems.map((problem) => JSON.stringify(problem)),
      ...clients.all.flatMap(({ name, violations }) =>
        violations.map((violation) => `${name}: ${violation}`),
      ),
      ...rig.members().flatMap(({ crashes }) => crashes),
      ...measurements
        .filter((each) => !isWithinBound(each))
        .map(({ target, ms, of }) => `${target} took ${ms ?? 'for ever'} ms (${of})`),
    ];
    report({ seed, rig, clients, incidents, verdict, measurements });
    const load = loadavg()[0]?.toFixed(1) ?? '';
    for (const [from, to] of watch.stalls) {
      console.log(`\nThis process itself stood still for ${to - from} ms at ${time(from)}`);
    }
    console.log(`\nLoad of the machine over the last minute: ${load}`);
    if (failures.length === 0) return true;
    console.log(`\n${failures.length} failures:`);
    for (const failure of failures) console.log(`  ${failure}`);
    printTails(rig);
    return false;
  } catch (error) {
    printTails(rig);
    throw error;
  } finally {
    if (options.logs !== undefined) writeLogs(rig, options.logs);
    watch.stop();
    clients.close();
    await rig.close();
  }
}

// `exit` handlers end the processes that were started.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
let passed = false;
try {
  passed = await main();
} catch (error) {
  console.error(error);
}
// Without it Node may wait for ever for the handle of a socket that was reset while it was ending.
process.exit(passed ? 0 : 1);
