import { setTimeout as delay } from 'node:timers/promises';
import { cpuMs, residentBytes } from '../lib/cpu.ts';
import { defaultChannels, IMAGE_NODE_OPTIONS } from '../lib/defaults.ts';
import { startPlainSubject } from '../lib/plain-subjects.ts';
import { startRemote } from '../lib/remote.ts';
import type { CrowdCommands } from './crowd-program.ts';
import { loopbackAddresses, startRig } from './rig.ts';

/** Resident memory of one server with ever more connections. */
export interface MemoryRound {
  /** Before any, bytes. */
  readonly baseline: number;
  /** Over that with so many, bytes: once garbage is collected, and as it stood before. */
  readonly at: readonly {
    readonly connections: number;
    readonly bytes: number;
    readonly uncollected: number;
  }[];
  /** Bytes a connection at the most connections, over the baseline. */
  readonly perConnection: number;
  /** The same of those from the first step on alone: flat memory grows as much there. */
  readonly perFurtherConnection: number;
  /** CPU of a connection that is only pinged, µs a second. */
  readonly idleUs: number;
}
export type MemorySubject = 'bare' | 'candlegate' | 'every client its own token';

export interface MemoryOptions {
  readonly rounds: number;
  /** In rising order. */
  readonly steps: readonly number[];
  readonly progress: (line: string) => void;
}

const CHANNEL = '/api/v1/live/ws/candles/BTCUSDT/D';
const ADDRESSES = 250;
/** The default limit of connections of one subject is 1,000. */
const CONNECTIONS_PER_SUBJECT = 900;
const WARM_UP_CONNECTIONS = 500;
const SETTLE_MS = 1_000;
const COLLECTING_MS = 400;
const COLLECTIONS = 6;
const COLLECTOR = new URL('collect-on-signal.mjs', import.meta.url).href;
const IDLE_MS = 10_000;

/** Memory of idle connections. Every round starts the servers anew: freed memory is seldom given back. */
export async function measureMemory(
  options: MemoryOptions,
): Promise<Record<MemorySubject, MemoryRound[]>> {
  const results: Record<MemorySubject, MemoryRound[]> = {
    bare: [],
    candlegate: [],
    'every client its own token': [],
  };
  const subjects = Object.keys(results) as MemorySubject[];
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const subject of subjects) {
      // It is for comparison, and hardly differs from round to round.
      if (subject === 'every client its own token' && round > 1) continue;
      const result = await measureRound(subject, options.steps);
      options.progress(
        `memory ${round}/${options.rounds} ${subject}: ${Math.round(result.perConnection)} B a connection ` +
          `over ${Math.round(result.baseline / 1e6)} MB; ` +
          result.at.map(({ connections, bytes }) => `${connections}: ${bytes}`).join(', '),
      );
      results[subject].push(result);
    }
  }
  return results;
}

async function measureRound(
  subject: MemorySubject,
  steps: readonly number[],
): Promise<MemoryRound> {
  const crowd = startRemote<CrowdCommands>('crowd', null);
  const isBare = subject === 'bare';
  const gatewayEnv = { NODE_OPTIONS: `${IMAGE_NODE_OPTIONS} --import ${COLLECTOR}` };
  const rig = await startRig({ intervals: ['1', 'D'], gatewayEnv });
  const [channel] = defaultChannels();
  const channels = channel === undefined ? [] : [channel];
  const execArgv = ['--import', COLLECTOR];
  const bare = isBare
    ? await startPlainSubject('bare', { redisUrl: rig.redis.url, channels, core: null, execArgv })
    : undefined;
  const [group] = (await bare?.connections(1, channels)) ?? [];
  const path = group?.path ?? CHANNEL;
  const most = steps.at(-1) ?? 0;
  const ownTokens = subject === 'every client its own token';
  const subjects = Math.ceil(most / CONNECTIONS_PER_SUBJECT);
  const tokens = await rig.sign(ownTokens ? most : subjects, subjects);
  const pid = bare?.pid ?? rig.gateway.pid;
  const server = bare === undefined ? rig.server : { host: '127.0.0.1', port: bare.port };
  const addresses = loopbackAddresses(ADDRESSES);
  const open = async (from: number, count: number): Promise<void> => {
    const report = await crowd.ask('open', {
      server,
      count,
      addresses,
      paths: [path],
      tokens: Array.from(
        { length: count },
        (_, index) => tokens[(from + index) % tokens.length] ?? '',
      ),
      pace: { atOnce: 50 },
    });
    if (report.opened !== count) {
      throw new Error(
        `only ${report.opened} of ${count} were let in: ${JSON.stringify(report.refused)}`,
      );
    }
  };
  try {
    // Code that has run is compiled, pools are there, and the young generation has the size that so many
    // handshakes give it: that is no connection's memory. Few at a time, because what they leave free is
    // not counted again.
    for (let opened = 0; opened < most; opened += WARM_UP_CONNECTIONS) {
      await open(0, WARM_UP_CONNECTIONS);
      await crowd.ask('drop');
    }
    await delay(SETTLE_MS);
    await collectGarbage(pid);
    const baseline = residentBytes(pid);
    const at: MemoryRound['at'][number][] = [];
    let connections = 0;
    for (const step of steps) {
      await open(connections, step - connections);
      connections = step;
      await delay(SETTLE_MS);
      const uncollected = residentBytes(pid) - baseline;
      await collectGarbage(pid);
      at.push({ connections, bytes: residentBytes(pid) - baseline, uncollected });
    }
    const before = cpuMs(pid);
    const began = performance.now();
    await delay(IDLE_MS);
    const seconds = (performance.now() - began) / 1_000;
    const idleUs = ((cpuMs(pid) - before) * 1_000) / seconds / connections;
    if ((await crowd.ask('count')) !== connections) {
      throw new Error(`connections were lost: ${JSON.stringify(await crowd.ask('losses'))}`);
    }
    const first = at[0] ?? { connections: 0, bytes: 0 };
    const last = at.at(-1) ?? first;
    return {
      baseline,
      at,
      perConnection: last.bytes / last.connections,
      perFurtherConnection: (last.bytes - first.bytes) / (last.connections - first.connections),
      idleUs,
    };
  } finally {
    await Promise.all([crowd.stop(), bare?.stop(), rig.stop()]);
  }
}

/**
 * Several times: what the start left behind goes bit by bit, code that was not run again only after some
 * of them, and the young generation, which a storm has made large (up to 48 MB), shrinks step by step.
 */
async function collectGarbage(pid: number): Promise<void> {
  for (let time = 0; time < COLLECTIONS; time += 1) {
    process.kill(pid, 'SIGUSR2');
    await delay(COLLECTING_MS);
  }
}
