import { channelOf, type Channel } from '../../src/candle/channel.ts';
import type { Random } from './random.ts';

/** `restart` also restarts both gateways, as the others do. */
export type Finale = 'none' | 'restart' | 'flush' | 'promotion';

/** What a seed decides before anything happens. Times in ms of virtual time. */
export interface Plan {
  readonly channels: readonly Channel[];
  readonly minuteMs: number;
  readonly updateMs: number;
  readonly absentChance: number;
  /** Closed candles that store and ingest keep per channel. */
  readonly historyDepth: number;
  /** How many a gateway keeps. */
  readonly gatewayDepth: number;
  readonly clients: number;
  /** How long faults are injected. */
  readonly faultMs: number;
  readonly faults: number;
  /** Chances that go with every message all the time, not only during a fault. */
  readonly frameLoss: number;
  readonly frameDelay: number;
  readonly frameRepeat: number;
  readonly messageLoss: number;
  readonly heartbeatMs: number;
  readonly pingMs: number;
  readonly maxPartCandles: number;
  readonly closeGraceMs: number;
  readonly seedTimeoutMs: number;
  readonly giveUpMs: number;
  readonly absenceAgreeMs: number;
  /** In the end the exchange falls silent; otherwise it repeats the last states. */
  readonly endsInSilence: boolean;
  /** What happens to Redis once all is whole and the market is at rest; a new client then comes. */
  readonly finale: Finale;
  /** How far the clocks of different machines may be apart. */
  readonly maxClockSkewMs: number;
}

export function drawPlan(random: Random): Plan {
  const channels = [channelOf('BTCUSDT', '1')];
  if (random.chance(0.4)) channels.push(channelOf('ETHUSDT', random.pick(['1', '3'] as const)));
  const heartbeatMs = random.pick([2_000, 4_000]);
  const historyDepth = random.pick([6, 12, 40]);
  return {
    channels,
    minuteMs: random.between(600, 2_500),
    updateMs: random.between(120, 500),
    absentChance: random.pick([0, 0, 0.05, 0.2]),
    historyDepth,
    gatewayDepth: historyDepth * random.pick([1, 1, 3]),
    clients: random.int(2, 4),
    faultMs: random.between(6_000, 14_000),
    faults: random.int(2, 9),
    frameLoss: random.pick([0, 0.02, 0.2]),
    frameDelay: random.pick([0, 0.02, 0.15]),
    frameRepeat: random.pick([0, 0.05]),
    messageLoss: random.pick([0, 0, 0.01, 0.1]),
    heartbeatMs,
    pingMs: heartbeatMs / random.pick([1, 2]),
    closeGraceMs: random.pick([0, 1_000, 5_000]),
    seedTimeoutMs: random.pick([1_000, 10_000]),
    giveUpMs: random.pick([2_500, 30 * 60_000]),
    endsInSilence: random.chance(0.5),
    finale: random.pick(['none', 'none', 'restart', 'flush', 'promotion']),
    maxPartCandles: random.pick([2, 5, 100]),
    maxClockSkewMs: random.pick([0, 5, 500]),
    absenceAgreeMs: random.pick([300, 1_000]),
  };
}
