import { serveCommands } from '../lib/serve-commands.ts';
import { quantile } from '../lib/statistics.ts';
import { Crowd, type OpenResult, type Pace } from './crowd.ts';
import type { ClientPlan, RawClient, Server } from './raw-client.ts';
import { Lateness } from './lateness.ts';

/** Plans in few bytes: client `n` has address `n`, path `n` and token `n` of each list, going round. */
export interface CrowdPlan {
  readonly server: Server;
  readonly count: number;
  readonly addresses: readonly string[];
  readonly paths: readonly string[];
  readonly tokens: readonly string[];
  readonly pace: Pace;
}

/** A distribution in ms, and how many values it is of. */
export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface OpenReport extends Omit<OpenResult, 'handshakes'> {
  readonly handshakes: Quantiles;
}

export interface RecoveryReport extends OpenReport {
  /** Clients whose replay came to its end. */
  readonly recovered: number;
  /** From the first connect until the last client had its replay, ms. */
  readonly allRecoveredMs: number;
  /** From each connect to the end of its replay. */
  readonly recoveries: Quantiles;
}

export interface LossReport {
  /** Connections that the server ended right after the 101, before any message. */
  readonly unheard: number;
  /** All that it ended, by close code. */
  readonly byCode: Readonly<Record<number, number>>;
}

let crowd: Crowd | undefined;
const lateness = new Lateness();
/** Clients that wait for the end of their replay. */
let recovering: ((client: RawClient) => void) | undefined;
const slowTimers: NodeJS.Timeout[] = [];

function crowdOf(server: Server): Crowd {
  crowd ??= new Crowd(server, {
    message: (client, payload) => {
      if (recovering !== undefined && endsReplay(payload)) recovering(client);
      else lateness.take(payload);
    },
  });
  return crowd;
}

/** The last part of a replay says nothing of more. */
function endsReplay(payload: Buffer): boolean {
  const head = payload.toString('latin1', 0, 240);
  return head.startsWith('{"type":"snapshot"') && !head.includes('"more":true');
}

function quantilesOf(values: number[]): Quantiles {
  values.sort((a, b) => a - b);
  return {
    count: values.length,
    p50: quantile(values, 0.5),
    p99: quantile(values, 0.99),
    max: values.at(-1) ?? NaN,
  };
}

function plansOf({ count, addresses, paths, tokens }: CrowdPlan): ClientPlan[] {
  const at = (list: readonly string[], index: number): string => list[index % list.length] ?? '';
  return Array.from({ length: count }, (_, index) => ({
    from: at(addresses, index),
    path: at(paths, index),
    headers: `Authorization: Bearer ${at(tokens, index)}\r\n`,
  }));
}

async function open(plan: CrowdPlan): Promise<OpenReport> {
  const { handshakes, ...result } = await crowdOf(plan.server).open(plansOf(plan), plan.pace);
  return { ...result, handshakes: quantilesOf([...handshakes]) };
}

const commands = {
  open,

  /** Opens connections whose paths have `since`, and waits until each has been replayed. */
  async recover(plan: CrowdPlan & { readonly timeoutMs: number }): Promise<RecoveryReport> {
    const began = performance.now();
    const recoveries: number[] = [];
    let lastAt = began;
    let done = (): void => undefined;
    const all = new Promise<void>((resolve) => {
      done = resolve;
    });
    recovering = (client) => {
      lastAt = performance.now();
      recoveries.push(lastAt - client.beganAt);
      if (recoveries.length === plan.count) done();
    };
    const report = await open(plan);
    const timer = setTimeout(() => done(), Math.max(0, plan.timeoutMs - report.ms));
    if (recoveries.length < plan.count) await all;
    clearTimeout(timer);
    recovering = undefined;
    return {
      ...report,
      recovered: recoveries.length,
      allRecoveredMs: lastAt - began,
      recoveries: quantilesOf(recoveries),
    };
  },

  /** Lateness of the updates since the last call: from their hand-over to the bus until they were read. */
  lateness: (): Quantiles => quantilesOf(lateness.drain()),

  /** From now on so many clients read for a moment every few seconds and else nothing. */
  slowDown({ count, everyMs, readMs }: { count: number; everyMs: number; readMs: number }): void {
    const slow = [...(crowd?.clients ?? [])].slice(0, count);
    for (const client of slow) client.pause();
    slowTimers.push(
      setInterval(() => {
        for (const client of slow) client.resume();
        setTimeout(() => {
          for (const client of slow) client.pause();
        }, readMs);
      }, everyMs),
    );
  },

  losses: (): LossReport => ({
    unheard: crowd?.lostUnheard ?? 0,
    byCode: Object.fromEntries(crowd?.lost ?? []),
  }),

  /** Connections that are open. */
  count: (): number => crowd?.clients.size ?? 0,

  /** CPU of this process so far, ms. */
  cpu: (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  },

  /** Breaks all connections at once, and forgets the server. */
  drop(): void {
    for (const timer of slowTimers.splice(0)) clearInterval(timer);
    crowd?.dropAll();
    crowd = undefined;
    lateness.drain();
  },
};
export type CrowdCommands = typeof commands;

serveCommands(commands);
