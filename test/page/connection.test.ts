import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServerMessage } from '../../src/candle/messages.ts';
import { MAX_DELAY_MS } from '../../src/page/backoff.ts';
import {
  CONNECT_TIMEOUT_MS,
  nextDeadline,
  PONG_TIMEOUT_MS,
  STABLE_MS,
  step,
} from '../../src/page/connection.ts';
import {
  INITIAL_STATE,
  type ConnectionEvent,
  type ConnectionState,
  type Effect,
} from '../../src/page/connection-state.ts';
import { candle, candleMessage, CHANNEL, MINUTE, snapshot, subscribed } from './messages.ts';

const TARGET = { token: 'secret', channel: CHANNEL } as const;
const ACCEPTED = { status: 'accepted', source: 'bybit', channels: [] } as const;

/** A connection with a clock that the test moves. */
class World {
  state: ConnectionState = INITIAL_STATE;
  now = 1_000_000;
  random = 0.5;
  effects: Effect[] = [];

  /** @returns what is to be done after the last of the events */
  feed(...events: ConnectionEvent[]): readonly Effect[] {
    let last: readonly Effect[] = [];
    for (const event of events) {
      const result = step(this.state, event, this.now, this.random);
      this.state = result.state;
      this.effects.push(...result.effects);
      last = result.effects;
    }
    return last;
  }
  hear(...messages: ServerMessage[]): readonly Effect[] {
    return this.feed(...messages.map((message) => ({ type: 'received' as const, message })));
  }
  lose(code = 1006): readonly Effect[] {
    return this.feed({ type: 'socket_closed', code, reason: '' });
  }
  /** Moves the clock to the next deadline and ticks. */
  pass(): readonly Effect[] {
    this.now = nextDeadline(this.state) ?? this.now;
    return this.feed({ type: 'tick' });
  }
  /** Connects up to a first snapshot with candle 9 closed and candle 10 open. */
  open(): this {
    this.feed(
      { type: 'connect', target: TARGET },
      { type: 'checked', outcome: ACCEPTED },
      { type: 'socket_opened' },
    );
    this.hear(
      subscribed(this.state.subscribeId ?? ''),
      snapshot([candle(8, true), candle(9, true), candle(10, false)]),
    );
    return this;
  }
}

function kinds(effects: readonly Effect[]): string[] {
  return effects.map(({ type }) => type);
}
function subscription(effects: readonly Effect[]): unknown {
  return effects.findLast(
    (effect) => effect.type === 'send' && effect.message.type === 'subscribe',
  );
}

describe('connecting', () => {
  it('checks the token before it opens a socket, and asks for history once the socket is open', () => {
    const world = new World();
    expect(world.feed({ type: 'connect', target: TARGET })).toEqual([
      { type: 'abandon' },
      { type: 'check', token: 'secret' },
    ]);
    expect(kinds(world.feed({ type: 'checked', outcome: ACCEPTED }))).toEqual(['served', 'open']);
    expect(subscription(world.feed({ type: 'socket_opened' }))).toMatchObject({
      message: { type: 'subscribe', channels: [CHANNEL], snapshot: 300 },
    });
    world.hear(subscribed(world.state.subscribeId ?? ''));
    expect(world.state.phase).toMatchObject({ name: 'open', feed: 'live' });
  });

  it('gives up with the reason when the token is refused', () => {
    const world = new World();
    world.feed(
      { type: 'connect', target: TARGET },
      { type: 'checked', outcome: { status: 'refused', why: 'It has expired.' } },
    );
    expect(world.state.phase).toEqual({ name: 'closed', why: 'It has expired.', mend: 'token' });
    expect(nextDeadline(world.state)).toBeNull();
  });

  it('waits as long as a gateway without time asks for', () => {
    const world = new World();
    const outcome = { status: 'unavailable', why: 'draining', retryAfterMs: 7_000 } as const;
    world.feed({ type: 'connect', target: TARGET }, { type: 'checked', outcome });
    expect(world.state.phase).toMatchObject({ name: 'waiting', retryAt: world.now + 7_000 });
  });

  it('gives up a socket that does not get as far as a subscription', () => {
    const world = new World();
    world.feed({ type: 'connect', target: TARGET }, { type: 'checked', outcome: ACCEPTED });
    expect(nextDeadline(world.state)).toBe(world.now + CONNECT_TIMEOUT_MS);
    expect(kinds(world.pass())).toEqual(['abandon']);
    expect(world.state.phase.name).toBe('waiting');
  });

  it('checks the token again after a handshake that failed, and not after a connection that was lost', () => {
    const world = new World();
    world.feed({ type: 'connect', target: TARGET }, { type: 'checked', outcome: ACCEPTED });
    world.lose();
    expect(kinds(world.pass())).toEqual(['check']);
    const other = new World().open();
    other.lose();
    expect(kinds(other.pass())).toEqual(['open']);
  });

  it('ends when the gateway does not serve the channel', () => {
    const world = new World();
    world.feed(
      { type: 'connect', target: TARGET },
      { type: 'checked', outcome: ACCEPTED },
      { type: 'socket_opened' },
    );
    const id = world.state.subscribeId ?? '';
    world.hear({ type: 'error', id, code: 'unknown_channel', message: 'No such channel.' });
    expect(world.state.phase).toMatchObject({ name: 'closed', mend: 'channel' });
    expect(kinds(world.effects)).toContain('abandon');
  });
});

describe('reconnecting', () => {
  it('resumes after the last closed candle', () => {
    const world = new World().open();
    world.hear(candleMessage(10, true, 2), candleMessage(11, false, 3));
    world.lose();
    world.pass();
    expect(subscription(world.feed({ type: 'socket_opened' }))).toMatchObject({
      message: { since: { [CHANNEL]: 10 * MINUTE } },
    });
    const replay = snapshot([candle(11, true), candle(12, false)], { replay: true });
    const effects = world.hear(subscribed(world.state.subscribeId ?? '', true), replay);
    expect(effects).toMatchObject([{ type: 'history', replace: false }]);
    expect(world.state.mark.lastClosed).toBe(11 * MINUTE);
  });

  it('starts the series anew when history no longer reaches back', () => {
    const world = new World().open();
    world.lose();
    world.pass();
    world.feed({ type: 'socket_opened' });
    world.hear(subscribed(world.state.subscribeId ?? '', false));
    const first = world.hear(snapshot([candle(90, true)], { replay: true, more: true }));
    const second = world.hear(snapshot([candle(91, true)], { replay: true }));
    expect([...first, ...second]).toMatchObject([{ replace: true }, { replace: false }]);
  });

  it('waits as going_away says', () => {
    const world = new World().open();
    world.hear({ type: 'going_away', reconnectDelayMs: 3_210 });
    world.lose(1001);
    expect(world.state.phase).toMatchObject({ name: 'waiting', retryAt: world.now + 3_210 });
  });

  it.each([4000, 4001])('comes back at once after %i, but not again and again', (code) => {
    const world = new World().open();
    world.lose(code);
    expect(nextDeadline(world.state)).toBe(world.now);
    world.pass();
    world.feed({ type: 'socket_opened' });
    world.hear(subscribed(world.state.subscribeId ?? '', true));
    world.lose(code);
    expect(nextDeadline(world.state)).toBeGreaterThan(world.now);
  });

  it.each([4400, 4401, 4499])('does not come back by itself after %i', (code) => {
    const world = new World().open();
    world.lose(code);
    expect(world.state.phase.name).toBe('closed');
    expect(nextDeadline(world.state)).toBeNull();
  });

  it('waits longer after each failure and starts anew after a connection that held', () => {
    const world = new World();
    world.random = 0.999;
    world.feed({ type: 'connect', target: TARGET });
    const waits: number[] = [];
    for (let attempt = 0; attempt < 9; attempt++) {
      world.feed({ type: 'checked', outcome: { status: 'unavailable', why: 'away' } });
      waits.push((nextDeadline(world.state) ?? 0) - world.now);
      world.pass();
    }
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(waits.at(-1)).toBeLessThanOrEqual(MAX_DELAY_MS);
    expect(waits.at(-1)).toBeGreaterThan(MAX_DELAY_MS * 0.9);
    world.feed({ type: 'checked', outcome: ACCEPTED }, { type: 'socket_opened' });
    world.hear(subscribed(world.state.subscribeId ?? ''));
    world.now += STABLE_MS;
    world.lose();
    expect((nextDeadline(world.state) ?? 0) - world.now).toBeLessThanOrEqual(500);
  });

  it('tries at once when the browser is online again', () => {
    const world = new World().open();
    world.lose();
    expect(kinds(world.feed({ type: 'online' }))).toEqual(['open']);
  });
});

describe('an open connection', () => {
  it('pings, measures, and counts as dead when no pong comes', () => {
    const world = new World().open();
    const [ping] = world.pass();
    expect(ping).toMatchObject({ type: 'send', message: { type: 'ping' } });
    const id = world.state.ping.outstanding?.id ?? '';
    world.now += 40;
    world.hear({ type: 'pong', id, time: world.now + 480 });
    expect(world.state.pingSamples).toEqual([
      { sentAt: world.now - 40, receivedAt: world.now, serverTime: world.now + 480 },
    ]);
    world.pass();
    expect(nextDeadline(world.state)).toBe(world.now + PONG_TIMEOUT_MS);
    expect(kinds(world.pass())).toEqual(['abandon']);
    expect(world.state.phase.name).toBe('waiting');
  });

  it('knows from heartbeats whether its feed is live', () => {
    const world = new World().open();
    const head = {
      channel: CHANNEL,
      epoch: 'e1',
      offset: 1,
      lastClosed: 0,
      state: 'stale',
    } as const;
    world.hear({ type: 'heartbeat', time: 1, source: 'bybit', channels: [head] });
    expect(world.state.phase).toMatchObject({ name: 'open', feed: 'stale' });
  });

  it('asks for what is missing when a closed candle does not follow on the last one', () => {
    const world = new World().open();
    expect(subscription(world.hear(candleMessage(12, true, 9, 11)))).toMatchObject({
      message: { since: { [CHANNEL]: 9 * MINUTE } },
    });
    expect(world.hear(candleMessage(13, true, 10))).toEqual([]);
    const candles = [10, 11, 12, 13].map((n) => candle(n, true));
    world.hear(
      subscribed(world.state.subscribeId ?? '', true),
      snapshot(candles, { replay: true }),
    );
    expect(kinds(world.hear(candleMessage(14, true, 11)))).toEqual(['update']);
  });

  it('accepts a hole that a replay did not fill, rather than asking for ever', () => {
    const world = new World().open();
    world.hear(candleMessage(12, true, 9, 11));
    world.hear(subscribed(world.state.subscribeId ?? '', true), snapshot([], { replay: true }));
    expect(kinds(world.hear(candleMessage(13, true, 10, 12)))).toEqual(['update']);
  });

  it('moves to another channel on the same socket and ignores what the old one still says', () => {
    const world = new World().open();
    const effects = world.feed({ type: 'select', channel: 'candles:ETHUSDT:5' });
    expect(effects).toMatchObject([
      { message: { type: 'unsubscribe', channels: [CHANNEL] } },
      { message: { type: 'subscribe', channels: ['candles:ETHUSDT:5'], snapshot: 300 } },
    ]);
    expect(world.hear(candleMessage(10, true, 2))).toEqual([]);
  });

  it('takes over a new token only when the gateway has accepted it', () => {
    const world = new World().open();
    world.feed({ type: 'refresh', token: 'newer' });
    const id = world.state.refreshing?.id ?? '';
    world.hear({ type: 'error', id, code: 'invalid_token', message: 'no' });
    expect(world.state.target?.token).toBe('secret');
    world.feed({ type: 'refresh', token: 'newest' });
    world.hear({ type: 'authenticated', id: world.state.refreshing?.id ?? '', expiresAt: 5 });
    expect(world.state.target?.token).toBe('newest');
  });

  it('says when the token is about to end', () => {
    const world = new World().open();
    expect(world.hear({ type: 'token_expiring', expiresAt: 5 })).toEqual([
      { type: 'notice', text: expect.stringContaining('ends soon') as string },
    ]);
    expect(world.state.phase.name).toBe('open');
  });

  it('ends when a new token no longer allows its channel, and not for another channel', () => {
    const world = new World().open();
    const error = { type: 'error', code: 'forbidden_channel', message: 'not allowed' } as const;
    world.hear({ ...error, channel: 'candles:ETHUSDT:5' });
    expect(world.state.phase.name).toBe('open');
    world.hear({ ...error, channel: CHANNEL });
    expect(world.state.phase).toEqual({ name: 'closed', why: 'not allowed', mend: 'channel' });
  });

  it('ignores message types that it does not know', () => {
    const world = new World().open();
    const { state } = world;
    world.hear({ type: 'novelty' } as unknown as ServerMessage);
    expect(world.state).toEqual(state);
  });
});

describe('whatever happens', () => {
  const token = fc.constantFrom('a', 'b');
  const channel = fc.constantFrom('candles:BTCUSDT:1' as const, 'candles:ETHUSDT:5' as const);
  const number = fc.integer({ min: 1, max: 30 });
  const message: fc.Arbitrary<ServerMessage> = fc.oneof(
    fc
      .tuple(number, fc.boolean(), number)
      .map(([n, confirm, offset]) => candleMessage(n, confirm, offset)),
    fc.tuple(number, number).map(([id, n]) => subscribed(String(id), n % 3 !== 0)),
    fc.array(number, { maxLength: 4 }).map((list) => {
      const sorted = [...new Set(list)].sort((a, b) => a - b);
      return snapshot(sorted.map((n) => candle(n, true)));
    }),
    fc.constant({ type: 'going_away' as const, reconnectDelayMs: 100 }),
  );
  const event: fc.Arbitrary<ConnectionEvent | { type: 'answer' }> = fc.oneof(
    fc.record({ type: fc.constant('connect' as const), target: fc.record({ token, channel }) }),
    fc.constant({ type: 'disconnect' as const }),
    fc.record({ type: fc.constant('select' as const), channel }),
    fc.constant({ type: 'checked' as const, outcome: ACCEPTED }),
    fc.constant({ type: 'socket_opened' as const }),
    fc.record({
      type: fc.constant('socket_closed' as const),
      code: fc.constantFrom(1000, 1001, 1006, 4000, 4001, 4400, 4401),
      reason: fc.constant(''),
    }),
    fc.record({ type: fc.constant('received' as const), message }),
    fc.constant({ type: 'online' as const }),
    fc.constant({ type: 'tick' as const }),
    fc.constant({ type: 'answer' as const }),
  );
  const script = fc.array(
    fc.tuple(
      event,
      fc.integer({ min: 0, max: 12_000 }),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
    ),
    {
      maxLength: 60,
    },
  );

  it('there is never more than one socket, nothing is sent without one, and something always comes next', () => {
    fc.assert(
      fc.property(script, (steps) => {
        let state = INITIAL_STATE;
        let now = 0;
        let sockets = 0;
        let isOpen = false;
        for (const [candidate, elapsed, random] of steps) {
          now += elapsed;
          const next: ConnectionEvent =
            candidate.type === 'answer'
              ? { type: 'received', message: subscribed(state.subscribeId ?? '') }
              : candidate;
          // What no socket can do does not happen.
          if (next.type === 'socket_opened' && (sockets === 0 || isOpen)) continue;
          if (next.type === 'received' && !isOpen) continue;
          if (next.type === 'socket_closed' && sockets === 0) continue;
          if (next.type === 'socket_opened') isOpen = true;
          if (next.type === 'socket_closed') {
            sockets = 0;
            isOpen = false;
          }
          const result = step(state, next, now, random);
          state = result.state;
          for (const effect of result.effects) {
            if (effect.type === 'abandon') {
              sockets = 0;
              isOpen = false;
            }
            if (effect.type === 'open') expect(++sockets).toBe(1);
            if (effect.type === 'send') expect(isOpen).toBe(true);
          }
          const isResting = state.phase.name === 'idle' || state.phase.name === 'closed';
          expect(nextDeadline(state) === null).toBe(isResting);
          expect(sockets).toBe(
            state.phase.name === 'open' || state.phase.name === 'connecting' ? 1 : 0,
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  it('closed candles come out once each and in order until the series starts anew', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 60 }), (messages) => {
        const world = new World().open();
        world.effects = [];
        let last = 9 * MINUTE;
        for (const effect of messages.flatMap((heard) => [...world.hear(heard)])) {
          if (effect.type !== 'history' && effect.type !== 'update') continue;
          if (effect.type === 'history' && effect.replace) last = -1;
          const candles = effect.type === 'history' ? effect.candles : [effect.message.candle];
          for (const { start, confirm } of candles) {
            expect(start).toBeGreaterThan(last);
            if (confirm) last = start;
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
