import { setTimeout as delay } from 'node:timers/promises';
import { startRemote } from '../lib/remote.ts';
import type { CrowdCommands, Quantiles } from './crowd-program.ts';
import { loopbackAddresses, readMetric, startRig } from './rig.ts';

/** What clients that keep up notice of others that do not. */
export interface SlowRound {
  /** Lateness of the others with no slow client, with one in a thousand, and with a hundred. */
  readonly none: Quantiles;
  readonly one: Quantiles;
  readonly hundred: Quantiles;
  /** Slow clients that the gateway had taken off the live stream when the hundred were measured. */
  readonly lagging: number;
}

export interface SlowOptions {
  readonly rounds: number;
  readonly progress: (line: string) => void;
}

const CLIENTS = 1_000;
/** Others whose lateness is measured, in a process of their own. */
const WATCHED = 100;
const PHASE_MS = 10_000;
/** Until the late pong of a slow client has been noticed: a ping's interval and its timeout. */
const NOTICE_MS = 14_000;
/** A slow client reads for a moment, before it is so stuck that the gateway would give it up (30 s). */
const READS = { everyMs: 15_000, readMs: 30 };
const PATHS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'].flatMap((symbol) =>
  ['1', '5', '15'].map((interval) => `/api/v1/live/ws/candles/${symbol}/${interval}`),
);

export async function measureSlowClients(options: SlowOptions): Promise<SlowRound[]> {
  const results: SlowRound[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    const result = await measureRound();
    const { none, one, hundred } = result;
    options.progress(
      `slow clients ${round}/${options.rounds}: p99 of the others ${none.p99.toFixed(2)} ms, with one ` +
        `${one.p99.toFixed(2)} ms, with a hundred ${hundred.p99.toFixed(2)} ms (${result.lagging} lagging)`,
    );
    results.push(result);
  }
  return results;
}

async function measureRound(): Promise<SlowRound> {
  const rig = await startRig({ speed: 60 });
  const crowd = startRemote<CrowdCommands>('crowd', null);
  const watched = startRemote<CrowdCommands>('crowd', null);
  const tokens = await rig.sign(CLIENTS, CLIENTS / 4);
  const common = { server: rig.server, addresses: loopbackAddresses(250), paths: PATHS, tokens };
  const phase = async (): Promise<Quantiles> => {
    await watched.ask('lateness');
    await delay(PHASE_MS);
    return watched.ask('lateness');
  };
  try {
    await watched.ask('open', { ...common, count: WATCHED, pace: { atOnce: 10 } });
    await crowd.ask('open', { ...common, count: CLIENTS - WATCHED, pace: { atOnce: 50 } });
    await delay(2_000);
    const none = await phase();
    await crowd.ask('slowDown', { count: 1, ...READS });
    await delay(NOTICE_MS);
    const one = await phase();
    await crowd.ask('slowDown', { count: 100, ...READS });
    await delay(NOTICE_MS);
    const hundred = await phase();
    const lagging = await readMetric(rig.admin, 'candlegate_gateway_lagging_connections');
    return { none, one, hundred, lagging };
  } finally {
    await Promise.all([crowd.stop(), watched.stop(), rig.stop()]);
  }
}
