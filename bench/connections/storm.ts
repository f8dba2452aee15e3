import { setTimeout as delay } from 'node:timers/promises';
import { startRemote } from '../lib/remote.ts';
import type { CrowdCommands, LossReport, Quantiles, RecoveryReport } from './crowd-program.ts';
import { loopbackAddresses, startRig } from './rig.ts';

/** Many clients drop and come back with `since`, beside some that stay. */
export interface StormRound {
  readonly clients: number;
  readonly recovered: number;
  /** From the first reconnect until the last client had its replay, s. */
  readonly allRecoveredSeconds: number;
  readonly recoveries: Quantiles;
  /** Lateness of updates at clients that stayed, when these were alone and during the storm. */
  readonly calm: Quantiles;
  readonly during: Quantiles;
  readonly losses: LossReport;
  readonly refused: number;
}

export interface StormOptions {
  readonly rounds: number;
  readonly clients: number;
  /** Over how long they come back, ms. */
  readonly spreadMs: number;
  /** Whether each client has a token of its own that the gateway has never seen (its cache was lost). */
  readonly newTokens: boolean;
  readonly progress: (line: string) => void;
}

const CHANNEL = 'BTCUSDT/1';
const PATH = `/api/v1/live/ws/candles/${CHANNEL}`;
const ADDRESSES = 250;
const CLIENTS_PER_SUBJECT = 4;
const LIVE_CLIENTS = 50;
const MISSED_CANDLES = 5;
const CALM_MS = 5_000;
const TIMEOUT_MS = 60_000;

export async function measureStorm(options: StormOptions): Promise<StormRound[]> {
  const { rounds, clients, spreadMs, newTokens, progress } = options;
  // Every second a candle closes; three intervals of three symbols are on the bus.
  const rig = await startRig({ speed: 60 });
  const crowd = startRemote<CrowdCommands>('crowd', null);
  const live = startRemote<CrowdCommands>('crowd', null);
  const addresses = loopbackAddresses(ADDRESSES);
  const common = { server: rig.server, addresses };
  const subjects = clients / CLIENTS_PER_SUBJECT;
  try {
    const results: StormRound[] = [];
    const liveTokens = await rig.sign(LIVE_CLIENTS, LIVE_CLIENTS);
    const paths = [PATH];
    const few = { ...common, paths, count: LIVE_CLIENTS, tokens: liveTokens };
    await live.ask('open', { ...few, pace: { atOnce: 10 } });
    for (let round = 1; round <= rounds; round += 1) {
      const tokens = await rig.sign(clients, subjects);
      await crowd.ask('open', { ...common, paths, count: clients, tokens, pace: { atOnce: 50 } });
      await delay(2_000);
      await crowd.ask('drop');
      await live.ask('lateness');
      await delay(CALM_MS);
      const calm = await live.ask('lateness');
      const since = await lastClosed(rig.server.port, tokens[0] ?? '', MISSED_CANDLES);
      const comeBack = newTokens ? await rig.sign(clients, subjects) : tokens;
      await live.ask('lateness');
      const report: RecoveryReport = await crowd.ask('recover', {
        ...common,
        paths: [`${PATH}?since=${since}`],
        count: clients,
        tokens: comeBack,
        pace: { spreadMs },
        timeoutMs: TIMEOUT_MS,
      });
      const during = await live.ask('lateness');
      const losses = await crowd.ask('losses');
      await crowd.ask('drop');
      await delay(1_000);
      const result: StormRound = {
        clients,
        recovered: report.recovered,
        allRecoveredSeconds: report.allRecoveredMs / 1_000,
        recoveries: report.recoveries,
        calm,
        during,
        losses,
        refused: clients - report.opened,
      };
      progress(
        `storm ${round}/${rounds}: ${result.recovered} of ${clients} in ` +
          `${result.allRecoveredSeconds.toFixed(2)} s; live p99 ${calm.p99.toFixed(1)} → ` +
          `${during.p99.toFixed(1)} ms, latest ${during.max.toFixed(1)} ms of ${during.count}; ` +
          `${losses.unheard} lost right after the 101`,
      );
      results.push(result);
    }
    return results;
  } finally {
    await Promise.all([crowd.stop(), live.stop(), rig.stop()]);
  }
}

/** Start of the closed candle `ago` candles before the newest. */
async function lastClosed(port: number, token: string, ago: number): Promise<number> {
  const answer = await fetch(
    `http://127.0.0.1:${port}/api/v1/candles/${CHANNEL}?limit=${ago + 1}`,
    { headers: { Authorization: `Bearer ${token}` } },
  );
  const { candles } = (await answer.json()) as { candles: { start: number; confirm: boolean }[] };
  const first = candles.find(({ confirm }) => confirm);
  if (first === undefined) throw new Error('no closed candle is known');
  return first.start;
}
