import { describe, expect, it } from 'vitest';
import type { ClientMessage, ServerMessage } from '../../src/candle/messages.ts';
import { MAX_DELAY_MS } from '../../src/client/core/backoff.ts';
import { CLOSE_CODES } from '../../src/candle/codes.ts';
import {
  ClientCore,
  CONNECT_TIMEOUT_MS,
  MAX_REFUSED_CREDENTIALS,
  REFRESH_RETRY_MS,
  STABLE_MS,
  type CoreSettings,
} from '../../src/client/core/core.ts';
import type { CoreEvent, Effect } from '../../src/client/core/effects.ts';
import { PING_INTERVAL_MS, PONG_TIMEOUT_MS } from '../../src/client/core/pinger.ts';
import { RECEIPT_INTERVAL_MS } from '../../src/client/core/receipts.ts';
import { ANSWER_TIMEOUT_MS } from '../../src/client/core/subscriptions.ts';

const CHANNEL = 'candles:BTCUSDT:1';
const MINUTE = 60_000;

/** A core with a clock that the test moves. */
class Bench {
  readonly core: ClientCore;
  now = 1_000_000;
  random = 0.5;
  sent: ClientMessage[] = [];
  notified: { name: string; detail: unknown }[] = [];

  constructor(credential: CoreSettings['credential'] = 'token') {
    this.core = new ClientCore({ credential, receipts: true });
  }

  feed(...events: CoreEvent[]): string[] {
    let last: readonly Effect[] = [];
    for (const event of events) {
      last = this.core.handle(event, this.now, this.random);
      for (const effect of last) {
        if (effect.type === 'send') this.sent.push(effect.message);
        if (effect.type === 'notify') this.notified.push(effect.event);
      }
    }
    return last.map(({ type }) => type);
  }
  hear(...messages: ServerMessage[]): string[] {
    return this.feed(...messages.map((message) => ({ type: 'received' as const, message })));
  }
  subscribe(): this {
    const reader = { id: 1, channel: CHANNEL, snapshot: 1, since: null, credit: 10 } as const;
    this.feed({ type: 'subscribe', reader });
    return this;
  }
  /** Up to a first snapshot with candle 9 closed. */
  open(): this {
    this.feed({ type: 'credential' }, { type: 'socket_opened' });
    const subscribe = this.sent.findLast(({ type }) => type === 'subscribe');
    const id = subscribe?.id ?? '';
    this.hear(
      {
        type: 'subscribed',
        id,
        source: 'bybit',
        channels: [
          { channel: CHANNEL, epoch: 'e', offset: 1, lastClosed: 9 * MINUTE, state: 'live' },
        ],
      },
      {
        type: 'snapshot',
        channel: CHANNEL,
        epoch: 'e',
        offset: 1,
        source: 'bybit',
        candles: [candle(9)],
      },
    );
    return this;
  }
  close(code: number): string[] {
    return this.feed({ type: 'socket_closed', code, reason: '' });
  }
  /** Moves the clock to the next deadline and ticks. @returns the ms that passed, and what is to be done */
  pass(): { ms: number; effects: string[] } {
    const ms = this.core.nextDeadline() - this.now;
    this.now += ms;
    return { ms, effects: this.feed({ type: 'tick' }) };
  }
  refuse(status: number, code: string, retryAfterMs: number | null = null): string[] {
    return this.feed({ type: 'refused', refusal: { status, code, message: code, retryAfterMs } });
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
    bench.close(CLOSE_CODES[name]);
    expect(bench.core.state).toMatchObject({ name: 'resuming', retryAt: bench.now + delay });
    expect(bench.pass().effects).toEqual(['authenticate']);
    bench.feed({ type: 'credential' }, { type: 'socket_opened' });
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
      bench.close(CLOSE_CODES[name]);
      const returns = (returning as readonly string[]).includes(credential);
      expect(bench.core.state, credential).toMatchObject(
        returns ? { name: 'resuming' } : { name: 'closed', reason: { code: name } },
      );
    }
  });

  it('waits ever longer, with jitter, and begins anew after a connection that held', () => {
    const bench = new Bench().subscribe();
    bench.random = 0.999_999;
    let before = 0;
    for (let attempt = 0; attempt < 12; attempt += 1) {
      bench.feed({ type: 'credential' });
      expect(bench.close(1006)).toEqual(['diagnose']);
      bench.refuse(0, 'unavailable');
      const { ms } = bench.pass();
      expect(ms).toBeGreaterThanOrEqual(before);
      expect(ms).toBeLessThanOrEqual(MAX_DELAY_MS);
      before = ms;
    }
    expect(before).toBeGreaterThan(MAX_DELAY_MS - 2);
    bench.open();
    bench.now += STABLE_MS;
    bench.close(1006);
    expect(bench.pass().ms).toBeLessThanOrEqual(500);
  });

  it('does not storm a gateway that closes at once again and again', () => {
    const bench = new Bench().subscribe().open();
    bench.close(CLOSE_CODES.history_gap);
    expect(bench.pass().ms).toBe(0);
    bench.open();
    bench.close(CLOSE_CODES.history_gap);
    expect(bench.pass().ms).toBeGreaterThan(0);
  });

  it('lets itself be woken', () => {
    const bench = new Bench().subscribe().open();
    bench.close(1006);
    expect(bench.feed({ type: 'wake' })).toEqual(['authenticate']);
  });
});

describe('a refused handshake', () => {
  it('ends a client with a fixed token, and tells why', () => {
    const bench = new Bench().subscribe();
    bench.feed({ type: 'credential' });
    bench.close(1006);
    expect(bench.refuse(401, 'expired_token')).toEqual(['abandon', 'end']);
    expect(bench.core.state).toMatchObject({ name: 'closed', reason: { code: 'expired_token' } });
  });

  it('asks a provider for another token, but not for ever', () => {
    const bench = new Bench('provider').subscribe();
    for (let refused = 1; refused < MAX_REFUSED_CREDENTIALS; refused += 1) {
      bench.feed({ type: 'credential' });
      bench.close(1006);
      bench.refuse(401, 'revoked_token');
      expect(bench.core.state.name).toBe('connecting');
      bench.pass();
    }
    bench.feed({ type: 'credential' });
    bench.close(1006);
    bench.refuse(401, 'revoked_token');
    expect(bench.core.state).toMatchObject({ name: 'closed', reason: { code: 'revoked_token' } });
  });

  it('waits as long as it is asked to when there is no room', () => {
    const bench = new Bench().subscribe();
    bench.feed({ type: 'credential' });
    bench.close(1006);
    bench.refuse(429, 'too_many_connections', 17_000);
    expect(bench.core.state).toMatchObject({ name: 'connecting', why: 'too_many_connections' });
    expect(bench.pass().ms).toBe(17_000);
  });

  it('gives up an attempt that is not answered, and makes another', () => {
    const bench = new Bench().subscribe();
    expect(bench.pass()).toEqual({ ms: CONNECT_TIMEOUT_MS, effects: ['abandon'] });
    expect(bench.core.state).toMatchObject({ name: 'connecting' });
    expect(bench.pass().effects).toEqual(['authenticate']);
  });
});

describe('an open connection', () => {
  const pongFor = (bench: Bench): ServerMessage => ({
    type: 'pong',
    id: bench.sent.findLast(({ type }) => type === 'ping')?.id ?? '',
    time: bench.now + 1_000,
  });

  it('is measured with pings, and given up when one is not answered', () => {
    const bench = new Bench().subscribe().open();
    expect(bench.pass()).toEqual({ ms: 0, effects: ['send'] });
    bench.now += 20;
    bench.hear(pongFor(bench));
    expect(bench.core.clock).toEqual({ offsetMs: 1_010, bestRoundTripMs: 20, roundTripMs: 20 });
    bench.pass();
    expect(bench.pass()).toEqual({ ms: PONG_TIMEOUT_MS, effects: ['abandon'] });
    expect(bench.core.state.name).toBe('resuming');
    expect(PING_INTERVAL_MS).toBeLessThan(PONG_TIMEOUT_MS);
  });

  it('reports a receipt a second, once the clock is known', () => {
    const bench = new Bench().subscribe().open();
    const receipts = () => bench.sent.filter(({ type }) => type === 'receipt');
    bench.hear(live(10, 2));
    expect(receipts()).toEqual([]);
    bench.pass();
    bench.now += 20;
    bench.hear(pongFor(bench), live(11, 3), live(12, 4));
    expect(receipts()).toEqual([
      {
        type: 'receipt',
        channel: CHANNEL,
        epoch: 'e',
        offset: 3,
        received: bench.now,
        clockOffset: 1_010,
        clockError: 10,
      },
    ]);
    bench.now += RECEIPT_INTERVAL_MS;
    bench.hear(live(13, 5));
    expect(receipts()).toHaveLength(2);
  });

  it('is given up when a subscribe was never read', () => {
    const bench = new Bench().subscribe();
    bench.feed({ type: 'credential' }, { type: 'socket_opened' });
    const from = bench.now;
    for (let passed = 0; passed < 30 && bench.core.state.name === 'connecting'; passed += 1) {
      const { effects } = bench.pass();
      if (effects.includes('abandon')) break;
      bench.hear(pongFor(bench));
    }
    expect(bench.now - from).toBe(ANSWER_TIMEOUT_MS);
  });

  it('renews the token of a provider when that ends soon, and again when it fails', () => {
    const bench = new Bench('provider').subscribe().open();
    bench.pass();
    bench.hear({ type: 'token_expiring', expiresAt: bench.now + 60_000 });
    expect(bench.pass()).toEqual({ ms: 0, effects: ['refresh'] });
    bench.feed({ type: 'token_failed', reason: { code: 'unavailable', message: 'no' } });
    expect(bench.notified.at(-1)).toMatchObject({ name: 'error', detail: { code: 'unavailable' } });
    bench.hear(pongFor(bench));
    const until = bench.now + REFRESH_RETRY_MS;
    let effects: string[] = [];
    while (!effects.includes('refresh') && bench.now < until + 1) {
      ({ effects } = bench.pass());
      bench.hear(pongFor(bench));
    }
    expect(bench.now).toBe(until);
    bench.feed({ type: 'token', token: 'new' });
    expect(bench.sent.at(-1)).toEqual({ type: 'auth', id: 'a1', token: 'new' });
    bench.hear({ type: 'error', id: 'a1', code: 'auth_unavailable', message: 'later' });
    expect(bench.core.state.name).toBe('live');
    expect(bench.notified.at(-1)).toMatchObject({ detail: { code: 'auth_unavailable' } });
  });

  it('is stale for as long as the gateway says so of a channel', () => {
    const bench = new Bench().subscribe().open();
    const heartbeat = (state: 'live' | 'down'): ServerMessage => ({
      type: 'heartbeat',
      time: 0,
      source: 'bybit',
      channels: [{ channel: CHANNEL, epoch: 'e', offset: 1, lastClosed: 0, state }],
    });
    bench.hear(heartbeat('down'));
    expect(bench.core.state).toEqual({ name: 'stale', channels: [CHANNEL] });
    bench.hear(heartbeat('live'));
    expect(bench.core.state).toEqual({ name: 'live' });
  });

  it('ends one subscription when its channel is refused, and goes with the last one', () => {
    const bench = new Bench().subscribe().open();
    const error = { type: 'error', code: 'forbidden_channel', message: 'no' } as const;
    expect(bench.hear({ ...error, channel: 'candles:ETHUSDT:1' })).toEqual(['notify']);
    expect(bench.hear({ ...error, channel: CHANNEL })).toEqual(['end', 'abandon']);
    expect(bench.core.state).toEqual({ name: 'idle' });
  });
});
