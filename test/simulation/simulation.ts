import { sameCandle, type Candle } from '../../src/candle/candle.ts';
import type { Channel } from '../../src/candle/channel.ts';
import { checkLogs, type ClientLog, type Problem, type Truth } from '../support/checker.ts';
import type { ChannelLog } from './client/channel-log.ts';
import type { SimulatedClient } from './client/simulated-client.ts';
import { judgeMissing } from './excuses.ts';
import { finale, scheduleFaults } from './nemesis.ts';
import { World } from './world.ts';

/** What came of one seed. */
export interface Report {
  readonly seed: number;
  /** In words; empty when every promise was kept. */
  readonly violations: readonly string[];
  /** Closed candles that were owed to clients and looked for. */
  readonly checked: number;
  readonly repeats: number;
  /** Closed candles that history honestly no longer had. */
  readonly excused: number;
  /** Times that `"recovered":false` was said although the store reached back, and nothing was missing. */
  readonly falseAlarms: number;
  /** From the end of all faults until everybody had everything, ms of virtual time. */
  readonly healedMs: number;
  readonly virtualMs: number;
  readonly tasks: number;
  /** How often what happened in the parts. */
  readonly counts: ReadonlyMap<string, number>;
  /** What was done to the world and when. */
  readonly trace: readonly string[];
}

/** How long the market goes on after the last fault, and how long healing may take. */
const AFTERMATH_MS = 3_000;
const HEALING_LIMIT_MS = 60_000;
const LOOK_MS = 100;
const LOSING_MS = 500;

/** Runs one seed: faults, then healing, then the judgement. The same seed does the same every time. */
export async function simulate(seed: number): Promise<Report> {
  const world = new World(seed);
  const { scheduler, plan } = world;
  world.start();
  scheduleFaults(world);
  const ending = new Ending(world);
  scheduler.schedule(plan.faultMs, null, () => {
    world.note('all faults end');
    ending.begin();
  });
  await scheduler.run();
  return { ...judge(world), seed, healedMs: ending.healedMs };
}

/** After the faults: the market goes on for a while and halts; then everybody must come to have everything. */
class Ending {
  healedMs = HEALING_LIMIT_MS;
  readonly #world: World;
  #beganAt = 0;
  #haltedAt: number | null = null;
  #isFinaleOver: boolean;
  /** By when all must be whole again. */
  #deadline = 0;

  constructor(world: World) {
    this.#world = world;
    this.#isFinaleOver = world.plan.finale === 'none';
  }

  begin(): void {
    this.#beganAt = this.#world.scheduler.now;
    this.#deadline = this.#beganAt + HEALING_LIMIT_MS;
    this.#look();
  }

  #look(): void {
    const { scheduler, market, plan, workers } = this.#world;
    // A fault that was under way may still change something back.
    this.#world.heal();
    const since = scheduler.now - this.#beganAt;
    if (this.#haltedAt === null) {
      const isHeard = workers.every(({ stream }) => stream?.isConnected === true);
      if (since > AFTERMATH_MS && market.isInMidCandle && isHeard) this.#halt(plan.endsInSilence);
    } else {
      // Until then what is published may get lost, so that nothing but the parts themselves can mend it.
      if (scheduler.now > this.#haltedAt + LOSING_MS) this.#world.messageLoss = 0;
      if (this.#isWhole()) return;
    }
    if (scheduler.now > this.#deadline) scheduler.stop();
    else scheduler.schedule(LOOK_MS, null, () => this.#look());
  }

  #halt(isSilent: boolean): void {
    this.#world.note(isSilent ? 'the market falls silent' : 'the market halts');
    this.#world.market.halt(isSilent);
    this.#haltedAt = this.#world.scheduler.now;
  }

  /** @returns true when nothing more is to come */
  #isWhole(): boolean {
    const { scheduler, messageLoss } = this.#world;
    if (messageLoss > 0 || amiss(this.#world).length > 0) return false;
    if (!this.#isFinaleOver) {
      this.#isFinaleOver = true;
      this.#deadline = scheduler.now + HEALING_LIMIT_MS;
      finale(this.#world);
      return false;
    }
    this.healedMs = scheduler.now - this.#beganAt;
    scheduler.stop();
    return true;
  }
}

/** What is still amiss: clients that lack something, gateways that do not vouch for it. */
function amiss(world: World): string[] {
  const { market, plan, clients, gateways } = world;
  const found: string[] = [];
  for (const channel of plan.channels) {
    const lastClosed = market.closed(channel).at(-1)?.start ?? null;
    const open = market.open(channel);
    for (const { name, logs, isSubscribed } of clients) {
      const log = logs.get(channel.name);
      if (log === undefined) continue;
      if (!isSubscribed) found.push(`${name} is not subscribed`);
      else if ((log.lastClosed ?? log.owedAfter) !== lastClosed)
        found.push(`${name} lacks the last close`);
      else if (!isSame(log.open, open)) found.push(`${name} lacks the newest update`);
    }
    for (const { name, hub } of gateways) {
      const state = hub?.get(channel.name)?.head().state;
      const bus = hub?.status().bus;
      if (state !== 'live' || bus !== 'connected') found.push(`${name}: feed ${state}, bus ${bus}`);
    }
  }
  return found;
}

function isSame(a: Candle | null, b: Candle | null): boolean {
  return a === null || b === null ? a === b : a.start === b.start && sameCandle(a, b);
}

function judge(world: World): Omit<Report, 'seed' | 'healedMs'> {
  const { market, plan, clients, scheduler, trace } = world;
  const truths = new Map<string, Truth>(
    plan.channels.map((channel) => [
      channel.name,
      { closed: market.closed(channel), open: market.open(channel) },
    ]),
  );
  const logs = clients.flatMap((client) =>
    [...client.logs].map(([channel, log]) => ({ client, channel, log })),
  );
  const verdict = checkLogs(
    logs.map(({ client, channel, log }) => asClientLog(client, channel, log)),
    truths,
  );
  let excused = 0;
  let falseAlarms = 0;
  const problems: Problem[] = [];
  for (const { client, channel, log } of logs) {
    const own = verdict.problems.filter(
      (problem) => problem.client === client.name && problem.channel === channel,
    );
    const { interval } = parsedChannel(plan.channels, channel);
    const judged = judgeMissing(own, log, interval, plan.historyDepth);
    problems.push(...judged.problems);
    excused += judged.excused;
    falseAlarms += judged.falseAlarms;
  }
  const violations = [
    ...problems.map(
      ({ kind, client, channel, start, detail }) =>
        `${client} ${channel}: ${kind} ${start} ${detail}`,
    ),
    ...clients.flatMap((client) => client.problems.map((text) => `${client.name}: ${text}`)),
    ...world.faults,
    ...scheduler.faults.map(
      (fault) => `threw ${fault instanceof Error ? fault.stack : String(fault)}`,
    ),
    ...amiss(world).map((what) => `at the end ${what}`),
  ];
  return {
    violations,
    checked: verdict.checked,
    repeats: verdict.repeats,
    excused,
    falseAlarms,
    virtualMs: scheduler.now,
    tasks: scheduler.executed,
    counts: world.counts,
    trace,
  };
}

function parsedChannel(channels: readonly Channel[], name: string): Channel {
  const channel = channels.find((each) => each.name === name);
  if (channel === undefined) throw new Error(`nobody planned ${name}`);
  return channel;
}

function asClientLog(client: SimulatedClient, channel: string, log: ChannelLog): ClientLog {
  return { client: client.name, channel, owedAfter: log.owedAfter, candles: log.candles };
}
