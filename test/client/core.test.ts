import { describe, expect, it } from 'vitest';
import { CLOSE_CODES } from '../../src/candle/codes.ts';
import type { ServerMessage } from '../../src/candle/messages.ts';
import { MAX_DELAY_MS } from '../../src/client/core/backoff.ts';
import { CONNECT_TIMEOUT_MS, createCore, REFRESH_RETRY_MS } from '../../src/client/core/core.ts';
import { PING_INTERVAL_MS, PONG_TIMEOUT_MS } from '../../src/client/core/pings.ts';
import { RECEIPT_INTERVAL_MS } from '../../src/client/core/receipts.ts';
import type { CloseReason, ReceivedCandle } from '../../src/client/types.ts';
import { FakePort } from './fake-port.ts';

const CHANNEL = 'candles:BTCUSDT:1';
const MINUTE = 60_000;

/** A core, and what it has made of what it was told. */
class Bench {
  readonly port: FakePort;
  readonly core: ReturnType<typeof createCore>;
  readonly candles: ReceivedCandle[] = [];
  readonly ends: CloseReason[] = [];

  constructor(credential: 'token' | 'provider' | 'api_key' = 'token') {
    this.port = new FakePort(credential);
    this.core = createCore(this.port, true);
  }

  get sent() {
    return this.port.sent;
  }
  get state() {
    return this.core.state();
  }
  /** Of the events of that name. */
  details(wanted: string): unknown[] {
    return this.port.emitted.filter(({ name }) => name === wanted).map(({ detail }) => detail);
  }
  hear(...messages: ServerMessage[]): this {
    for (const message of messages) this.port.socket?.arrived(message);
    return this;
  }
  subscribe(snapshot = 1, last = NaN): this {
    this.core.subscribe({
      channel: CHANNEL,
      symbol: 'BTCUSDT',
      interval: '1',
      snapshot,
      last,
      capacity: 10,
      push: (candle) => this.candles.push(candle),
      end: (reason) => this.ends.push(reason),
    });
    return this;
  }
  /** Up to a first snapshot with candle 9 closed. */
  open(): this {
    this.port.socket?.opened();
    return this.answer(9);
  }
  /** Answers the newest `subscribe`, with one closed candle. */
  answer(n: number): this {
    const id = this.sent.findLast(({ type }) => type === 'subscribe')?.id ?? '';
    const lastClosed = n * MINUTE;
    const head = { channel: CHANNEL, epoch: 'e', offset: 1, lastClosed, state: 'live' } as const;
    return this.hear(
      { type: 'subscribed', id, source: 'bybit', channels: [head] },
      {
        type: 'snapshot',
        channel: CHANNEL,
        epoch: 'e',
        offset: 1,
        source: 'bybit',
        candles: [candle(n)],
      },
    );
  }
  close(code: number, reason = ''): this {
    this.port.socket?.lost(code, reason);
    return this;
  }
  refuse(status: number | undefined, code: string, retryAfterMs?: number): this {
    this.port.connecting?.reject({ status, code, message: code, retryAfterMs });
    return this;
  }
  /** Lets time pass, with pings answered, until something was done. @returns ms */
  passUntil(isDone: () => boolean): number {
    const from = this.port.time;
    for (let passed = 0; passed < 50 && !isDone(); passed += 1) {
      this.port.pass();
      this.pong();
    }
    return this.port.time - from;
  }
  pong(): this {
    const id = this.sent.findLast(({ type }) => type === 'ping')?.id ?? '';
    return this.hear({ type: 'pong', id, time: this.port.time + 1_000 });
  }
}

function candle(n: number) {
  const price = '1';
  return {
    start: n * MINUTE,
    end: (n + 1) * MINUTE - 1,
    open: price,
    high: price,
    low: price,
    close: price,
    volume: price,
    turnover: price,
    confirm: true,
  };
}

function live(n: number, offset: number): ServerMessage {
  return {
    type: 'candle',
    channel: CHANNEL,
    symbol: 'BTCUSDT',
    interval: '1',
    epoch: 'e',
    offset,
    previous: (n - 1) * MINUTE,
    source: 'bybit',
    candle: candle(n),
    times: { exchange: 1, ingest: 2, published: 3, gateway: 4 },
  };
}

describe('after the end of a connection', () => {
  it.each([
    ['going_away', 2_345],
    ['too_slow', 0],
    ['history_gap', 0],
    ['rate_limited', 250],
  ] as const)('reconnects after %s in %d ms, and asks for what it lacks', (name, delay) => {
    const bench = new Bench().subscribe().open();
    if (name === 'going_away') bench.hear({ type: 'going_away', reconnectDelayMs: 2_345 });
    bench.close(CLOSE_CODES[name], name);
    const retryAt = bench.port.time + delay;
    expect(bench.state).toEqual({ name: 'resuming', retryAt, why: name });
    expect(bench.port.pass()).toBe(delay);
    expect(bench.port.asked.filter((asked) => asked === 'connect')).toHaveLength(2);
    bench.port.socket?.opened();
    expect(bench.sent.at(-1)).toMatchObject({
      type: 'subscribe',
      channels: [CHANNEL],
      since: { [CHANNEL]: 9 * MINUTE },
    });
  });

  it.each([
    ['token_expired', ['provider', 'api_key']],
    ['revoked', ['provider']],
    ['too_many_errors', []],
    ['disconnected', []],
  ] as const)('comes back after %s only with what makes sense', (name, returning) => {
    for (const credential of ['token', 'provider', 'api_key'] as const) {
      const bench = new Bench(credential).subscribe().open();
      bench.close(CLOSE_CODES[name], name);
      const returns = (returning as readonly string[]).includes(credential);
      expect(bench.state, credential).toMatchObject(
        returns ? { name: 'resuming' } : { name: 'closed', reason: { code: name } },
      );
      expect(bench.ends).toEqual(returns ? [] : [{ code: name, message: name }]);
    }
  });

  it('waits ever longer, with jitter, and begins anew after a connection that held', () => {
    const bench = new Bench().subscribe();
    bench.port.chance = 0.999_999;
    let before = 0;
    for (let attempt = 0; attempt < 12; attempt += 1) {
      bench.refuse(undefined, 'unavailable');
      const ms = bench.port.pass();
      expect(ms).toBeGreaterThanOrEqual(before);
      expect(ms).toBeLessThanOrEqual(MAX_DELAY_MS);
      before = ms;
    }
    expect(before).toBeGreaterThan(MAX_DELAY_MS - 2);
    bench.open().pong();
    bench.passUntil(() => bench.sent.filter(({ type }) => type === 'ping').length > 5);
    bench.close(1006);
    expect(bench.port.pass()).toBeLessThanOrEqual(500);
  });

  it('does not storm a gateway that closes at once again and again', () => {
    const bench = new Bench().subscribe().open();
    bench.close(CLOSE_CODES.history_gap);
    expect(bench.port.pass()).toBe(0);
    bench.open();
    bench.close(CLOSE_CODES.history_gap);
    expect(bench.port.pass()).toBeGreaterThan(0);
  });

  it('lets itself be woken, and does not hear what is of the past', () => {
    const bench = new Bench().subscribe().open();
    const { socket } = bench.port;
    bench.close(1006);
    bench.core.wake();
    expect(bench.port.asked.at(-1)).toBe('connect');
    socket?.arrived(live(10, 2));
    socket?.lost(1006, '');
    expect(bench.candles).toHaveLength(1);
    expect(bench.state).toMatchObject({ name: 'resuming', retryAt: null });
  });
});

describe('a refused handshake', () => {
  it('ends a client with a fixed token, and tells why', () => {
    const bench = new Bench().subscribe().refuse(401, 'expired_token');
    expect(bench.state).toMatchObject({ name: 'closed', reason: { code: 'expired_token' } });
    expect(bench.ends).toMatchObject([{ code: 'expired_token' }]);
    bench.subscribe();
    expect(bench.ends).toHaveLength(2);
  });

  it('asks a provider for another token, but not for ever', () => {
    const bench = new Bench('provider').subscribe().refuse(401, 'revoked_token');
    expect(bench.state.name).toBe('connecting');
    expect(bench.details('error')).toMatchObject([{ code: 'revoked_token' }]);
    bench.port.pass();
    bench.refuse(401, 'revoked_token');
    expect(bench.port.purposes).toEqual(['connect', 'refused']);
    expect(bench.state).toMatchObject({ name: 'closed', reason: { code: 'revoked_token' } });
  });

  it('waits as long as it is asked to when there is no room', () => {
    const bench = new Bench().subscribe().refuse(429, 'too_many_connections', 17_000);
    expect(bench.state).toMatchObject({ name: 'connecting', why: 'too_many_connections' });
    expect(bench.port.pass()).toBe(17_000);
  });

  it('gives up an attempt that is not answered, and makes another', () => {
    const bench = new Bench().subscribe();
    expect(bench.port.pass()).toBe(CONNECT_TIMEOUT_MS);
    expect(bench.port.asked.at(-1)).toBe('disconnect');
    expect(bench.state).toMatchObject({ name: 'connecting', why: 'timeout' });
    bench.port.pass();
    expect(bench.port.asked.at(-1)).toBe('connect');
  });
});

describe('an open connection', () => {
  it('is measured with pings, and given up when one is not answered', () => {
    const bench = new Bench().subscribe().open();
    bench.port.time += 20;
    bench.pong();
    expect(bench.core.clock()).toEqual({ offsetMs: 1_010, bestRoundTripMs: 20, roundTripMs: 20 });
    bench.port.pass();
    expect(bench.port.pass()).toBe(PONG_TIMEOUT_MS);
    expect(bench.state.name).toBe('resuming');
    expect(PING_INTERVAL_MS).toBeLessThan(PONG_TIMEOUT_MS);
  });

  it('reports a receipt a second, once the clock is known', () => {
    const bench = new Bench().subscribe().open();
    const receipts = () => bench.sent.filter(({ type }) => type === 'receipt');
    bench.hear(live(10, 2));
    expect(receipts()).toEqual([]);
    bench.port.time += 20;
    bench.pong().hear(live(11, 3), live(12, 4));
    expect(receipts()).toEqual([
      {
        type: 'receipt',
        channel: CHANNEL,
        epoch: 'e',
        offset: 3,
        received: bench.port.time,
        clockOffset: 1_010,
        clockError: 10,
      },
    ]);
    bench.port.time += RECEIPT_INTERVAL_MS;
    bench.hear(live(13, 5));
    expect(receipts()).toHaveLength(2);
  });

  it('is given up when a message was not read', () => {
    const bench = new Bench().subscribe();
    bench.port.socket?.opened();
    bench.hear({ type: 'error', code: 'rate_limited', message: 'too many' });
    expect(bench.port.asked.at(-1)).toBe('disconnect');
    expect(bench.state).toMatchObject({
      name: 'connecting',
      why: 'rate_limited',
      retryAt: bench.port.time + 250,
    });
    const other = new Bench().subscribe().open();
    other.hear({ type: 'error', code: 'unknown_type', message: 'an older gateway' });
    expect(other.state).toEqual({ name: 'live' });
  });

  it('renews the token of a provider when that ends soon, and again when it fails', () => {
    const bench = new Bench('provider').subscribe().open();
    const { port } = bench;
    const refreshes = () => port.asked.filter((asked) => asked === 'refresh').length;
    bench.pong().hear({ type: 'token_expiring', expiresAt: port.time + 60_000 });
    expect(refreshes()).toBe(1);
    port.refreshing?.reject({ code: 'unavailable', message: 'no' });
    expect(bench.details('error')).toMatchObject([{ code: 'unavailable' }]);
    expect(bench.passUntil(() => refreshes() === 2)).toBe(REFRESH_RETRY_MS);
    port.refreshing?.resolve('new');
    expect(bench.sent.findLast(({ type }) => type === 'auth')).toEqual({
      type: 'auth',
      id: 'a1',
      token: 'new',
    });
    expect(JSON.stringify(bench.details('wire'))).not.toContain('new');
    bench.hear({ type: 'error', id: 'a1', code: 'auth_unavailable', message: 'later' });
    expect(bench.state.name).toBe('live');
    expect(bench.details('error').at(-1)).toMatchObject({ code: 'auth_unavailable' });
    expect(port.tokens).toEqual([false]);
    expect(bench.passUntil(() => refreshes() === 3)).toBe(REFRESH_RETRY_MS);
    port.refreshing?.resolve('newer');
    bench.hear({ type: 'authenticated', id: 'a2', expiresAt: 0 });
    expect(port.tokens).toEqual([false, true]);
  });

  it('tells of a gap behind one that was filled from the last candle on, not from between two', () => {
    const bench = new Bench().subscribe(1, 5 * MINUTE).open();
    bench.port.fetching[0]?.resolve([6, 7, 8].map(candle));
    expect(bench.candles.map(({ start }) => start / MINUTE)).toEqual([6, 7, 8]);
    expect(bench.sent.at(-1)).toMatchObject({ since: { [CHANNEL]: 8 * MINUTE } });
    bench.answer(11);
    expect(bench.details('gap')).toMatchObject([
      { after: 5 * MINUTE, before: 9 * MINUTE },
      { after: 8 * MINUTE, before: 11 * MINUTE },
    ]);
    bench.port.fetching[1]?.resolve([]);
    expect(bench.details('repair')).toMatchObject([{ complete: true }, { complete: false }]);
  });

  it('is stale for as long as the gateway says so of a channel', () => {
    const bench = new Bench().subscribe().open();
    const heartbeat = (state: 'live' | 'down'): ServerMessage => ({
      type: 'heartbeat',
      time: 0,
      source: 'bybit',
      channels: [{ channel: CHANNEL, epoch: 'e', offset: 1, lastClosed: 0, state }],
    });
    bench.subscribe().answer(9).hear(heartbeat('down'));
    expect(bench.state).toEqual({ name: 'stale', channels: [CHANNEL] });
    bench.hear(heartbeat('live'));
    expect(bench.state).toEqual({ name: 'live' });
  });

  it('stays live while a subscription is added', () => {
    const bench = new Bench().subscribe().open();
    const states = () => bench.details('state').map((state) => (state as { name: string }).name);
    bench.subscribe();
    bench.core.subscribe({
      channel: 'candles:ETHUSDT:1',
      symbol: 'ETHUSDT',
      interval: '1',
      snapshot: 1,
      last: 8 * MINUTE,
      capacity: 1,
      push: () => undefined,
      end: () => undefined,
    });
    bench.answer(9);
    expect(states()).toEqual(['connecting', 'live']);
    bench.close(1006);
    expect(bench.state.name).toBe('resuming');
  });

  it('ends one subscription when its channel is refused, and goes with the last one', () => {
    const bench = new Bench().subscribe().open();
    const error = { type: 'error', id: 's9', code: 'forbidden_channel', message: 'no' } as const;
    bench.hear({ ...error, channel: 'candles:ETHUSDT:1' });
    expect(bench.details('error')).toHaveLength(1);
    bench.hear({ ...error, channel: CHANNEL });
    expect(bench.ends).toEqual([{ code: 'forbidden_channel', message: 'no' }]);
    expect(bench.port.asked.at(-1)).toBe('disconnect');
    expect(bench.state).toEqual({ name: 'idle' });
  });
});

it('asks at once for what a replay that it did not ask for seems to skip', () => {
  const bench = new Bench().subscribe().open();
  // It was slow, and nothing was traded in candle 10.
  const replay = { type: 'snapshot', replay: true, source: 'bybit', channel: CHANNEL } as const;
  bench.hear({ ...replay, epoch: 'e', offset: 9, candles: [candle(11), candle(12)] });
  expect(bench.sent.at(-1)).toMatchObject({ type: 'subscribe', since: { [CHANNEL]: 9 * MINUTE } });
  expect(bench.state.name).toBe('resuming');
  bench.answer(12);
  bench.port.fetching[0]?.resolve([candle(11)]);
  bench.answer(12);
  expect(bench.candles.map(({ start }) => start / MINUTE)).toEqual([9, 11, 12]);
  expect(bench.state.name).toBe('live');
});

it('does not let one reader call had what another one may still be owed', () => {
  const bench = new Bench().subscribe().open();
  bench.subscribe(1, 11 * MINUTE);
  expect(bench.sent.at(-1)).toMatchObject({ since: { [CHANNEL]: 9 * MINUTE } });
});

it('misses nothing from the first answer on, though it wants no closed candle to begin with', () => {
  const bench = new Bench().subscribe(0);
  bench.port.socket?.opened();
  const id = bench.sent.at(-1)?.id ?? '';
  const head = { channel: CHANNEL, epoch: 'e', offset: 1, state: 'live' } as const;
  const channels = [{ ...head, lastClosed: 9 * MINUTE }];
  bench.hear({ type: 'subscribed', id, source: 'bybit', channels });
  bench.close(4000);
  bench.port.pass();
  bench.port.socket?.opened();
  expect(bench.sent.at(-1)).toMatchObject({ type: 'subscribe', since: { [CHANNEL]: 9 * MINUTE } });
});
