import { mkdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
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

const options = parseArgs({
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string' },
    redis: { type: 'string' },
    only: { type: 'string' },
    logs: { type: 'string' },
    plan: { type: 'boolean' },
  },
});
const seed = numberOf('seed', options.values.seed ?? process.env['FAULTS_SEED'] ?? '1');
const minutes = numberOf(
  'minutes',
  options.values.minutes ?? process.env['FAULTS_MINUTES'] ?? String(DEFAULT_MINUTES),
);
const storeMode = modeOf(options.values.redis ?? process.env['FAULTS_REDIS']);
const startedAt = Date.now();

/** Without a choice every third seed gets sentinels. */
function modeOf(text: string | undefined): StoreMode {
  const mode = STORE_MODES.find((each) => each === text);
  if (mode !== undefined) return mode;
  if (text !== undefined) throw new RangeError(`--redis must be one of ${STORE_MODES.join(', ')}`);
  return seed % 3 === 0 ? 'sentinel' : 'single';
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new RangeError(`--${name} must be above 0`);
  return value;
}

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
  const plan = makePlan(seed, minutes * 60_000, storeMode, options.values.only);
  printPlan(plan);
  if (options.values.plan === true) return true;
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
    if (options.values.logs !== undefined) writeLogs(rig, options.values.logs);
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
