import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { NO_FAULTS } from '../../src/simulator/faults.ts';
import { createFrameFaults } from '../../src/simulator/frame-faults.ts';
import { klineFrameText } from '../../src/simulator/frame-text.ts';
import { createKlineStream } from '../../src/simulator/kline-stream.ts';
import { MALFORMED_KINDS, spoil } from '../../src/simulator/malformed.ts';
import { randomOf } from '../../src/simulator/seeded-random.ts';
import { setUpMarket } from '../../src/simulator/market-setup.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { RawClient, startSimulator, type KlineFrame } from './harness.ts';
import { eventually } from '../support/eventually.ts';

const BEGIN = Date.UTC(2026, 10, 22);
const { market } = setUpMarket({
  seed: 1,
  symbols: ['BTCUSDT'],
  startTime: undefined,
  begin: BEGIN,
  confirmDelayMs: 200,
  replay: undefined,
});
const UPDATES = createKlineStream(market, 'BTCUSDT', '1', BEGIN).closesUpTo(BEGIN + 2_400_000);
const TEXTS = UPDATES.map((update) => klineFrameText('linear', update));

function framesWith(faults: Partial<typeof NO_FAULTS>, seed = 1): (string | Uint8Array)[] {
  const frameFaults = createFrameFaults('linear', randomOf(seed));
  return UPDATES.flatMap((update) => frameFaults.frames(update, { ...NO_FAULTS, ...faults }));
}

describe('faults of frames', () => {
  test('without faults every update is one frame', () => {
    expect(framesWith({})).toEqual(TEXTS);
  });

  test('duplicates come twice in a row', () => {
    expect(framesWith({ duplicate: 1 })).toEqual(TEXTS.flatMap((text) => [text, text]));
  });

  test('stale frames are earlier ones of the topic', () => {
    const frames = framesWith({ stale: 1 });
    expect(frames).toHaveLength(2 * TEXTS.length - 1);
    frames.slice(1).forEach((frame, index) => {
      if (index % 2 === 1) expect(TEXTS.slice(0, index / 2 + 1)).toContain(frame);
    });
  });

  test('frames out of order change places with the next, and none is lost', () => {
    const frames = framesWith({ outOfOrder: 1 });
    expect(frames.slice(0, 4)).toEqual([TEXTS[1], TEXTS[0], TEXTS[3], TEXTS[2]]);
    expect(frames.toSorted()).toEqual(TEXTS.toSorted());
  });

  test('a lost confirming candle leaves what else its frame held', () => {
    const candles = framesWith({ loseConfirm: 1 }).flatMap(
      (frame) => (JSON.parse(frame as string) as KlineFrame).data,
    );
    expect(candles.length).toBe(UPDATES.filter(({ candles }) => candles.length === 2).length);
    expect(candles.length).toBeGreaterThan(0);
    expect(candles.every(({ confirm }) => !confirm)).toBe(true);
  });

  test('lost and silenced frames do not come', () => {
    expect(framesWith({ loseFrame: 1 })).toEqual([]);
    expect(framesWith({ silent: true })).toEqual([]);
  });

  test('a probability strikes some, the same ones with the same seed', () => {
    const frames = framesWith({ duplicate: 0.3 });
    expect(frames.length).toBeGreaterThan(TEXTS.length);
    expect(frames.length).toBeLessThan(1.7 * TEXTS.length);
    expect(framesWith({ duplicate: 0.3 })).toEqual(frames);
    expect(framesWith({ duplicate: 0.3 }, 2)).not.toEqual(frames);
  });

  test.each(MALFORMED_KINDS)('a frame spoilt as %s is no longer the frame', (kind) => {
    for (const text of TEXTS) {
      const spoilt = spoil(text, kind, randomOf(4));
      expect(spoilt).not.toBe(text);
      if (['truncated', 'not_json'].includes(kind)) {
        expect(() => JSON.parse(spoilt as string) as unknown).toThrow();
      } else if (kind === 'binary') {
        expect(spoilt).toBeInstanceOf(Uint8Array);
      } else {
        expect(JSON.parse(spoilt as string)).not.toEqual(JSON.parse(text));
      }
    }
  });
});

describe('faults of a running simulator', () => {
  let simulator: Simulator;
  beforeEach(async () => {
    simulator = await startSimulator();
  });
  afterEach(() => simulator.close());

  const rest = (path = '/v5/market/time'): Promise<Response> =>
    fetch(`${simulator.restUrl}${path}`);
  const post = (body: unknown, type = 'application/json'): Promise<Response> =>
    fetch(`${simulator.restUrl}/simulator/faults`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });

  test.each([
    ['terminate', 1006],
    ['close', 1001],
  ] as const)('dropping all connections by %s ends them with %i', async (way, code) => {
    const clients = [
      await RawClient.connect(simulator.wsUrl),
      await RawClient.connect(simulator.wsUrl, 'kline.1.BTCUSDT'),
    ];
    expect(simulator.faults.dropConnections(way)).toBe(2);
    await eventually(() => expect(clients.map(({ closeCode }) => closeCode)).toEqual([code, code]));
    await eventually(() => expect(simulator.connections()).toBe(0));
  });

  test('connections are refused by 503 or by a reset, until that is over', async () => {
    simulator.faults.set({ refuseConnections: 'http' });
    await expect(RawClient.connect(simulator.wsUrl)).rejects.toThrow('503');
    simulator.faults.set({ refuseConnections: 'reset' });
    await expect(RawClient.connect(simulator.wsUrl)).rejects.toThrow(/ECONNRESET|hang up/);
    simulator.faults.set({ refuseConnections: 'no' });
    (await RawClient.connect(simulator.wsUrl)).close();
  });

  test('gone silent, it still answers pings of both kinds; then it speaks again', async () => {
    const client = await RawClient.connect(simulator.wsUrl, 'kline.1.BTCUSDT');
    await client.untilFrames(1);
    simulator.faults.set({ silent: true });
    const before = client.frames().length;
    for (let round = 1; round <= 3; round += 1) {
      client.send({ op: 'ping', req_id: `p${round}` });
      client.socket.ping();
      await eventually(() => {
        expect(client.received.at(-1)).toMatchObject({ ret_msg: 'pong', req_id: `p${round}` });
        expect(client.pongs).toBe(round);
      });
    }
    // Three round trips are no wait for a 50 ms update: let a few of those pass.
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(client.frames().length - before).toBeLessThanOrEqual(1);
    simulator.faults.set({ silent: false });
    await client.untilFrames(before + 3);
    client.close();
  });

  test('with pings ignored data goes on and no pong comes', async () => {
    simulator.faults.set({ ignorePings: true });
    const client = await RawClient.connect(simulator.wsUrl, 'kline.1.BTCUSDT');
    client.send({ op: 'ping' });
    client.socket.ping();
    await client.untilFrames(4);
    expect(client.pongs).toBe(0);
    expect(client.received.some((m) => (m as { op?: string }).op === 'ping')).toBe(false);
    client.close();
  });

  test('delayed frames come late and in order', async () => {
    const client = await RawClient.connect(simulator.wsUrl, 'kline.1.BTCUSDT');
    simulator.faults.set({ frameDelayMs: 400 });
    const begin = performance.now();
    client.send({ op: 'ping', req_id: 'late' });
    const answer = expect.objectContaining({ req_id: 'late' }) as unknown;
    await vi.waitFor(() => expect(client.received).toContainEqual(answer), {
      timeout: 5_000,
      interval: 5,
    });
    expect(performance.now() - begin).toBeGreaterThanOrEqual(395);
    simulator.faults.set({ frameDelayMs: 0 });
    const frames = await client.untilFrames(client.frames().length + 3);
    const times = frames.map(({ ts }) => ts);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    client.close();
  });

  test('REST answers 403, 500, 10006 or 10016 where that is switched on', async () => {
    for (const status of [403, 500] as const) {
      simulator.faults.set({ rest: { status } });
      expect((await rest()).status).toBe(status);
    }
    for (const retCode of [10006, 10016] as const) {
      simulator.faults.set({ rest: { status: null, retCode } });
      expect(await (await rest()).json()).toMatchObject({ retCode, result: {} });
    }
    simulator.faults.reset();
    expect(await (await rest()).json()).toMatchObject({ retCode: 0 });
  });

  test('REST errors strike with their probability', async () => {
    simulator.faults.set({ rest: { status: 500, chance: 0.5 } });
    const statuses = await Promise.all(
      Array.from({ length: 60 }, async () => (await rest()).status),
    );
    expect(new Set(statuses)).toEqual(new Set([200, 500]));
  });

  test('a slow REST answer is as old as it is late', async () => {
    simulator.faults.set({ rest: { delayMs: 300 } });
    const begin = Date.now();
    const { time } = (await (await rest()).json()) as { time: number };
    expect(Date.now() - begin).toBeGreaterThanOrEqual(295);
    expect(Date.now() - time).toBeGreaterThanOrEqual(295);
  });

  test('over the request limit REST answers 403 "access too frequent" for a while', async () => {
    simulator.faults.set({ rest: { limitRequests: 2, limitWindowMs: 100, banMs: 500 } });
    await rest();
    await rest();
    const refused = await rest();
    expect([refused.status, await refused.text()]).toEqual([403, 'access too frequent']);
    await vi.waitFor(async () => expect((await rest()).status).toBe(200), {
      timeout: 5_000,
      interval: 100,
    });
  });

  test('the clock can be put ahead: candles in between close at once, REST and `ts` follow', async () => {
    const client = await RawClient.connect(simulator.wsUrl, 'kline.1.BTCUSDT');
    await client.untilFrames(1);
    simulator.faults.set({ clockOffsetMs: 600_000 });
    await vi.waitFor(() => expect(client.closes('kline.1.BTCUSDT').length).toBeGreaterThan(9), {
      timeout: 5_000,
    });
    const { time } = (await (await rest()).json()) as { time: number };
    expect(Math.abs(time - Date.now() - 600_000)).toBeLessThan(5_000);
    expect(Math.abs((client.frames().at(-1)?.ts ?? 0) - time)).toBeLessThan(5_000);
    const starts = client.closes('kline.1.BTCUSDT').map(({ start }) => start);
    expect(starts.slice(1).map((start, index) => start - (starts[index] ?? 0))).toEqual(
      starts.slice(1).map(() => 60_000),
    );
    client.close();
  });

  test('another process switches faults over HTTP and reads them back', async () => {
    const faults = `/simulator/faults`;
    expect(await (await rest(faults)).json()).toEqual(NO_FAULTS);
    const client = await RawClient.connect(simulator.wsUrl);
    const answer = await post({
      duplicate: true,
      malformedKinds: ['truncated'],
      rest: { delayMs: 1 },
      dropConnections: 'terminate',
    });
    const expected = {
      ...NO_FAULTS,
      duplicate: 1,
      malformedKinds: ['truncated'],
      rest: { ...NO_FAULTS.rest, delayMs: 1 },
    };
    expect(await answer.json()).toEqual({ ...expected, dropped: 1 });
    await eventually(() => expect(client.closeCode).toBe(1006));
    expect(await (await rest(faults)).json()).toEqual(expected);
    expect(await (await post({ reset: true, stale: 0.5 })).json()).toEqual({
      ...NO_FAULTS,
      stale: 0.5,
    });
  });

  test.each([
    [{ duplicates: true }, 'duplicates'],
    [{ duplicate: 2 }, 'duplicate'],
    [{ rest: { status: 404 } }, 'rest.status'],
    ['{', 'expected object'],
  ])('a body like %j is refused with what is wrong', async (body, reason) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { error: string }).error).toContain(reason);
    expect(simulator.faults.state).toEqual(NO_FAULTS);
  });

  test('only JSON may switch faults, so that no page in a browser can', async () => {
    expect((await post({ silent: true }, 'text/plain')).status).toBe(415);
    expect(simulator.faults.state.silent).toBe(false);
  });
});
