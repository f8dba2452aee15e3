import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { cpuMs, residentBytes } from '../lib/cpu.ts';
import { IMAGE_NODE_OPTIONS } from '../lib/defaults.ts';
import { readMetric, startRig } from './rig.ts';

/** One pipeline that serves so many channels. */
export interface ChannelsRound {
  readonly channels: number;
  /** From the start of ingest until the gateway held every channel's history, s. */
  readonly seedSeconds: number;
  readonly restCalls: number;
  /** Most calls that ingest made in one second. */
  readonly restPeakPerSecond: number;
  readonly heldCandles: number;
  readonly gatewayBytes: number;
  readonly ingestBytes: number;
  /** Messages of candles that the gateway got from Redis in a second, and what one costs without clients; µs. */
  readonly messagesPerSecond: number;
  readonly gatewayUs: number;
  readonly ingestUs: number;
  readonly redisUs: number;
  /** What Redis spends on handing one message to one more subscriber, µs. */
  readonly redisDeliveryUs: number;
  /** Of Redis, of all histories, bytes. */
  readonly redisBytes: number;
}

/** CPU of each part for one message. */
type Watch = Pick<ChannelsRound, 'messagesPerSecond' | 'gatewayUs' | 'ingestUs' | 'redisUs'>;

export interface ChannelsOptions {
  readonly counts: readonly number[];
  readonly progress: (line: string) => void;
}

/** Short ones: the simulator draws a candle from its minutes, and is to be quicker than the budget. */
const INTERVALS = ['1', '3', '5'];
const COLLECTOR = new URL('collect-on-signal.mjs', import.meta.url).href;
const FURTHER_SUBSCRIBERS = 20;
const WATCH_MS = 10_000;
const PATIENCE_MS = 180_000;

export async function measureManyChannels(options: ChannelsOptions): Promise<ChannelsRound[]> {
  const results: ChannelsRound[] = [];
  for (const count of options.counts) {
    const result = await measureRound(count);
    options.progress(
      `${result.channels} channels: seeded in ${result.seedSeconds.toFixed(1)} s with ${result.restCalls} calls ` +
        `(at most ${result.restPeakPerSecond} a second); ${result.heldCandles} candles held, gateway ` +
        `${Math.round(result.gatewayBytes / 1e6)} MB; ${result.messagesPerSecond.toFixed(0)} messages/s at ` +
        `${result.gatewayUs.toFixed(0)} µs (gateway), ${result.ingestUs.toFixed(0)} µs (ingest), ` +
        `${result.redisUs.toFixed(0)} µs (Redis)`,
    );
    results.push(result);
  }
  return results;
}

async function measureRound(count: number): Promise<ChannelsRound> {
  const intervals = INTERVALS.slice(0, Math.min(count, INTERVALS.length));
  const symbols = Array.from(
    { length: Math.ceil(count / intervals.length) },
    (_, index) => `COIN${String(index).padStart(3, '0')}USDT`,
  );
  const channels = symbols.length * intervals.length;
  const began = performance.now();
  const rig = await startRig({
    symbols,
    intervals,
    untilReady: false,
    gatewayEnv: { NODE_OPTIONS: `${IMAGE_NODE_OPTIONS} --import ${COLLECTOR}` },
  });
  try {
    let restCalls = 0;
    let restPeakPerSecond = 0;
    const expected = channels * 1_000;
    const held = (): Promise<number> => readMetric(rig.admin, 'candlegate_gateway_held_candles');
    let heldCandles = 0;
    while ((heldCandles = await held()) < expected) {
      if (performance.now() - began > PATIENCE_MS) {
        throw new Error(`only ${heldCandles} of ${expected} candles came`);
      }
      const calls = (await readMetric(rig.ingestAdmin, 'candlegate_ingest_rest_calls_total')) || 0;
      restPeakPerSecond = Math.max(restPeakPerSecond, calls - restCalls);
      restCalls = calls;
      await delay(1_000);
    }
    const seedSeconds = (performance.now() - began) / 1_000;
    restCalls = await readMetric(rig.ingestAdmin, 'candlegate_ingest_rest_calls_total');
    await delay(3_000);
    const watch = async (): Promise<Watch> => {
      const pids = [rig.gateway.pid, rig.ingest.pid, rig.redis.pid];
      const published = (): Promise<number> =>
        readMetric(rig.ingestAdmin, 'candlegate_ingest_publications_total', 'published');
      const before = { cpu: pids.map(cpuMs), messages: await published(), at: performance.now() };
      await delay(WATCH_MS);
      const cpu = pids.map((pid, index) => cpuMs(pid) - (before.cpu[index] ?? NaN));
      const messages = (await published()) - before.messages;
      const [gateway = NaN, ingest = NaN, redis = NaN] = cpu;
      const usOf = (ms: number): number => (ms * 1_000) / messages;
      return {
        messagesPerSecond: (messages * 1_000) / (performance.now() - before.at),
        gatewayUs: usOf(gateway),
        ingestUs: usOf(ingest),
        redisUs: usOf(redis),
      };
    };
    const alone = await watch();
    rig.gateway.signal('SIGUSR2');
    await delay(1_000);
    const gatewayBytes = residentBytes(rig.gateway.pid);
    const names = symbols.flatMap((symbol) =>
      intervals.map((interval) => `simulator:candles:${symbol}:${interval}`),
    );
    const further = Array.from({ length: FURTHER_SUBSCRIBERS }, () => new Redis(rig.redis.url));
    await Promise.all(further.map((subscriber) => subscriber.subscribe(...names)));
    const crowded = await watch();
    for (const subscriber of further) subscriber.disconnect();
    return {
      channels,
      seedSeconds,
      restCalls,
      restPeakPerSecond,
      heldCandles,
      gatewayBytes,
      ingestBytes: residentBytes(rig.ingest.pid),
      ...alone,
      redisDeliveryUs: (crowded.redisUs - alone.redisUs) / FURTHER_SUBSCRIBERS,
      redisBytes: residentBytes(rig.redis.pid),
    };
  } finally {
    await rig.stop();
  }
}
