import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Candle } from '../../src/candle/candle.ts';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { createWallClock } from '../../src/time/clock.ts';
import { RawClient, startSimulator, type KlineFrame } from './harness.ts';
import { eventually } from '../support/eventually.ts';

let simulator: Simulator | undefined;
afterEach(() => simulator?.close());

/** The candle inside a frame, without what only frames have. */
function candleOf(data: KlineFrame['data'][number] | undefined): Omit<Candle, never> {
  if (data === undefined) throw new Error('no candle');
  const { start, end, open, high, low, close, volume, turnover, confirm } = data;
  return { start, end, open, high, low, close, volume, turnover, confirm };
}

async function klines(sim: Simulator, query: string): Promise<{ list: string[][]; time: number }> {
  const response = await fetch(`${sim.restUrl}/v5/market/kline?category=linear&${query}`);
  const body = (await response.json()) as { result: { list: string[][] }; time: number };
  return { list: body.result.list, time: body.time };
}

describe('a running simulator', () => {
  test('runs nothing before it listens', () => {
    vi.useFakeTimers();
    try {
      const idle = createSimulator({ clock: createWallClock() });
      expect(vi.getTimerCount()).toBe(0);
      expect(() => idle.wsUrl).toThrow('does not listen yet');
    } finally {
      vi.useRealTimers();
    }
  });

  test('pushes the open candle in the exchange’s shape, with one clock for all', async () => {
    const sim = (simulator = await startSimulator());
    const client = await RawClient.connect(sim.wsUrl, 'kline.1.BTCUSDT', 'kline.D.ETHUSDT');
    const frames = await client.untilFrames(6);
    expect(new Set(frames.map(({ topic }) => topic))).toEqual(
      new Set(['kline.1.BTCUSDT', 'kline.D.ETHUSDT']),
    );
    for (const { topic, type, data, ts } of frames) {
      const [, interval, symbol] = topic.split('.');
      expect(type).toBe('snapshot');
      expect(Math.abs(ts - Date.now())).toBeLessThan(10_000);
      for (const kline of data) {
        expect(kline.interval).toBe(interval);
        expect(kline.timestamp).toBeLessThanOrEqual(ts);
        const truth = sim.market.candle(symbol ?? '', interval as '1' | 'D', kline.start, ts);
        expect(candleOf(kline)).toEqual(truth);
      }
    }
    client.close();
  });

  test('on spot the members of a frame stand in their own order', async () => {
    const sim = (simulator = await startSimulator());
    const client = await RawClient.connect(sim.wsUrl.replace('linear', 'spot'), 'kline.1.BTCUSDT');
    const [frame] = await client.untilFrames(1);
    expect(Object.keys(frame ?? {})).toEqual(['type', 'topic', 'data', 'ts']);
    client.close();
  });

  test('at speed 600 every close arrives once, in order, and REST agrees to the digit', async () => {
    const sim = (simulator = await startSimulator({ speed: 600, seed: 5 }));
    const topics = ['kline.1.BTCUSDT', 'kline.1.SOLUSDT', 'kline.3.BTCUSDT', 'kline.5.ETHUSDT'];
    const client = await RawClient.connect(sim.wsUrl, ...topics);
    await vi.waitFor(
      () => expect(client.closes('kline.5.ETHUSDT').length).toBeGreaterThanOrEqual(5),
      { timeout: 15_000, interval: 20 },
    );
    client.close();
    for (const topic of topics) {
      const [, interval = '', symbol = ''] = topic.split('.');
      const closes = client.closes(topic);
      const [first, last] = [closes[0]?.start ?? 0, closes.at(-1)?.start ?? 0];
      const truth = sim.closedCandles(symbol, interval as '1', first, last);
      expect(closes.map(candleOf)).toEqual(truth);
      const { list } = await klines(
        sim,
        `symbol=${symbol}&interval=${interval}&start=${first}&end=${last}&limit=1000`,
      );
      expect(list.reverse()).toEqual(
        closes.map((c) => [String(c.start), c.open, c.high, c.low, c.close, c.volume, c.turnover]),
      );
    }
    expect(client.closes('kline.1.BTCUSDT').length).toBeGreaterThan(20);
    const times = client.frames().map(({ ts }) => ts);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test('the same seed and the same times make the same frames', async () => {
    const runs: string[][] = [];
    for (let run = 0; run < 2; run += 1) {
      const sim = await startSimulator({
        seed: 9,
        speed: 1_200,
        startTime: Date.UTC(2026, 0, 5),
        updateMs: 600_000,
      });
      const client = await RawClient.connect(sim.wsUrl, 'kline.1.BTCUSDT');
      await client.untilFrames(30);
      client.close();
      await sim.close();
      runs.push(client.frames().map((frame) => JSON.stringify(frame)));
    }
    const [one = [], other = []] = runs;
    // Where each began depends on when its client came; where both were, they are the same.
    const common = one.filter((frame) => other.includes(frame));
    expect(common.length).toBeGreaterThan(15);
    const from = one.indexOf(common[0] ?? '');
    expect(one.slice(from, from + common.length)).toEqual(common);
  });

  test('an unsubscribed topic falls silent, the others go on', async () => {
    const sim = (simulator = await startSimulator());
    const client = await RawClient.connect(sim.wsUrl, 'kline.1.BTCUSDT', 'kline.1.ETHUSDT');
    await client.untilFrames(2);
    client.send({ op: 'unsubscribe', args: ['kline.1.BTCUSDT'], req_id: 'u' });
    const acknowledged = (): number =>
      client.received.findIndex((m) => (m as { req_id?: string }).req_id === 'u');
    await eventually(() => expect(acknowledged()).toBeGreaterThan(-1));
    await client.untilFrames(client.frames().length + 4);
    const after = client.received.slice(acknowledged() + 1) as KlineFrame[];
    expect(new Set(after.map(({ topic }) => topic))).toEqual(new Set(['kline.1.ETHUSDT']));
    client.close();
  });

  test('a connection that says nothing for too long is cut; pings keep it', async () => {
    const sim = (simulator = await startSimulator({ idleTimeoutMs: 400 }));
    const quiet = await RawClient.connect(sim.wsUrl);
    const lively = await RawClient.connect(sim.wsUrl);
    const pings = setInterval(() => lively.socket.ping(), 50);
    try {
      await eventually(() => expect(quiet.closeCode).toBe(1006));
      expect(lively.closeCode).toBeUndefined();
      expect(lively.pongs).toBeGreaterThan(0);
    } finally {
      clearInterval(pings);
      lively.close();
    }
  });

  test('a path that the exchange does not have is refused, over both protocols', async () => {
    const sim = (simulator = await startSimulator());
    await expect(RawClient.connect(sim.wsUrl.replace('linear', 'futures'))).rejects.toThrow('404');
    expect((await fetch(`${sim.restUrl}/v5/market/tickers`)).status).toBe(404);
  });

  test('closing ends all connections and frees the port', async () => {
    const sim = await startSimulator();
    const client = await RawClient.connect(sim.wsUrl, 'kline.1.BTCUSDT');
    const { restUrl } = sim;
    await sim.close();
    await eventually(() => expect(client.closeCode).toBe(1006));
    await expect(fetch(restUrl)).rejects.toThrow();
    await sim.close();
  });

  test('a port that is taken is reported', async () => {
    const sim = (simulator = await startSimulator());
    const second = createSimulator({ clock: createWallClock() });
    await expect(second.listen({ port: Number(new URL(sim.restUrl).port) })).rejects.toThrow(
      'EADDRINUSE',
    );
  });
});
