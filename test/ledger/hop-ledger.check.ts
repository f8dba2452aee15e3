import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CandleMessage, ServerMessage } from '../../src/candle/messages.ts';
import { HOPS, type Hop } from '../../src/metrics/hop-ledger.ts';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { createWallClock } from '../../src/time/clock.ts';
import { startTcpProxy, type TcpProxy } from '../faults/tcp-proxy.ts';
import { buildCli } from '../support/built-cli.ts';
import { connect, type RecordingClient } from '../support/recording-client.ts';
import { startRedis } from '../support/redis.ts';
import { adminAddress, listening, startRole, type RoleProcess } from '../support/role-process.ts';
import { testToken } from '../support/tokens.ts';

/** By how much each hop is slowed. */
const DELAY_MS = 300;
/** All channels are pushed at once, this often; in between it is quiet. */
const PUSH_MS = 700;
const QUIET_BEFORE_PUSH_MS = 120;
/** A ping a second: so many pushes last for a few of them. */
const PUSHES_WITH_PINGS = 6;
/** The exchange's clock is wrong all the while. */
const EXCHANGE_AHEAD_MS = 3_000;
const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'];
const INTERVALS = ['5', '15'];
const CHANNELS = SYMBOLS.flatMap((symbol) =>
  INTERVALS.map((interval) => `candles:${symbol}:${interval}`),
);

type Totals = Record<Hop, { sum: number; count: number }>;

/** What one window of time brought: the mean of each hop, and of the whole as the client saw it; ms. */
interface Window {
  readonly hops: Record<Hop, number>;
  readonly client: number;
}

/** Wants a quiet machine: what else takes the CPU is blamed on whoever waits for it, rightly. */
describe('the hop ledger of real processes, with the exchange three seconds ahead', () => {
  const clock = createWallClock();
  const cleanups: (() => unknown)[] = [];
  let simulator: Simulator;
  let ingest: RoleProcess;
  let gateway: RoleProcess;
  let admins: string[];
  let redisLink: TcpProxy;
  let clientLink: TcpProxy;
  let client: RecordingClient;
  let lastPushAt = 0;
  let quietest: Window | null = null;
  const arrivals: { readonly message: CandleMessage; readonly at: number }[] = [];

  beforeAll(async () => {
    await buildCli();
    const redis = await startRedis();
    cleanups.push(() => redis.stop());
    simulator = createSimulator({
      clock,
      symbols: SYMBOLS,
      updateMs: PUSH_MS,
      faults: { clockOffsetMs: EXCHANGE_AHEAD_MS },
    });
    await simulator.listen();
    cleanups.push(() => simulator.close());
    redisLink = await startTcpProxy(() => redis.port);
    cleanups.push(() => redisLink.close());
    const env = {
      CANDLEGATE_FEED: 'simulator',
      CANDLEGATE_SYMBOLS: SYMBOLS.join(','),
      CANDLEGATE_INTERVALS: INTERVALS.join(','),
      CANDLEGATE_LOG_FORMAT: 'json',
    };
    const start = (...args: Parameters<typeof startRole>) => {
      const role = startRole(...args);
      cleanups.push(() => {
        role.signal('SIGCONT');
        return role.stop();
      });
      return role;
    };
    ingest = start(['ingest'], {
      ...env,
      CANDLEGATE_REDIS_URL: redis.url,
      CANDLEGATE_BYBIT_WS_URL: simulator.wsUrl,
      CANDLEGATE_BYBIT_REST_URL: simulator.restUrl,
    });
    gateway = start(['gateway'], {
      ...env,
      CANDLEGATE_REDIS_URL: `redis://127.0.0.1:${redisLink.port}`,
      CANDLEGATE_HEARTBEAT_MS: '1000',
    });
    const at = await listening(gateway);
    admins = [at.admin, await adminAddress(ingest)];
    await vi.waitFor(
      async () => expect((await fetch(`${at.admin}/readyz`)).status).toBe(200),
      20_000,
    );
    clientLink = await startTcpProxy(() => Number(new URL(at.http).port));
    cleanups.push(() => clientLink.close());
    client = await connect(`ws://127.0.0.1:${clientLink.port}/api/v1/live/ws`, await testToken());
    client.socket.on('message', (data: Buffer) => {
      const at = clock.now();
      const message = JSON.parse(data.toString()) as ServerMessage;
      if (message.type === 'candle' && !message.candle.confirm) arrivals.push({ message, at });
    });
    cleanups.push(() => client.socket.terminate());
    client.send({ type: 'subscribe', channels: CHANNELS, snapshot: 0 });
    const direct = new WebSocket(simulator.wsUrl);
    cleanups.push(() => direct.terminate());
    direct.on('open', () =>
      direct.send(JSON.stringify({ op: 'subscribe', args: ['kline.5.BTCUSDT'] })),
    );
    direct.on('message', (data: Buffer) => {
      if (data.toString().includes('"topic"')) lastPushAt = performance.now();
    });
    // The offset of the exchange's clock takes two samples to be known.
    await vi.waitFor(async () => {
      const text = await (await fetch(`${admins[1]}/metrics`)).text();
      expect(text).toMatch(/candlegate_ingest_clock_offset_measurable\S* 1/);
      expect(arrivals.length).toBeGreaterThan(CHANNELS.length);
    }, 15_000);
    // Until what starting costs is over.
    for (let window = 0; window < 3; window += 1) await asUsual(2);
  });
  afterAll(async () => {
    for (const end of cleanups.reverse()) await end();
  });

  async function nextPush(): Promise<void> {
    const pushed = lastPushAt;
    await vi.waitFor(() => expect(lastPushAt).toBeGreaterThan(pushed), {
      timeout: 5_000,
      interval: 5,
    });
  }

  /** Until the exchange is just about to push; no push goes by meanwhile, unless one is due already. */
  async function quiet(): Promise<void> {
    const left = () => lastPushAt + PUSH_MS - QUIET_BEFORE_PUSH_MS - performance.now();
    if (left() < 0) await nextPush();
    await delay(left());
  }

  async function totals(): Promise<Totals> {
    const texts = await Promise.all(
      admins.map(async (at) => (await fetch(`${at}/metrics`)).text()),
    );
    const value = (part: 'sum' | 'count', hop: Hop) =>
      texts
        .flatMap((text) => text.split('\n'))
        .filter((line) => line.startsWith(`candlegate_hop_latency_seconds_${part}{hop="${hop}"`))
        .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    return Object.fromEntries(
      HOPS.map((hop) => [hop, { sum: 1000 * value('sum', hop), count: value('count', hop) }]),
    ) as Totals;
  }

  /** Measures so many pushes. @param around is called just before each one and ends its part of it */
  async function measure(pushes: number, around?: () => Promise<void>): Promise<Window> {
    await quiet();
    const before = await totals();
    const from = arrivals.length;
    for (let push = 0; push < pushes; push += 1) {
      const wanted = from + (push + 1) * CHANNELS.length;
      await around?.();
      await vi.waitFor(() => expect(arrivals.length).toBeGreaterThanOrEqual(wanted), {
        timeout: 5_000,
        interval: 5,
      });
      if (push < pushes - 1) await quiet();
    }
    const after = await totals();
    const mean = (hop: Hop) => {
      const count = after[hop].count - before[hop].count;
      return count === 0 ? 0 : (after[hop].sum - before[hop].sum) / count;
    };
    const seen = arrivals.slice(from);
    const total = seen.reduce(
      (sum, { message, at }) => sum + at - (message.times.exchange - EXCHANGE_AHEAD_MS),
      0,
    );
    const hops = Object.fromEntries(HOPS.map((hop) => [hop, mean(hop)])) as Record<Hop, number>;
    return { hops, client: total / seen.length };
  }

  /** Nothing is slowed; of all such windows the one that the rest of the machine disturbed least. */
  async function asUsual(pushes: number): Promise<Window> {
    const window = await measure(pushes);
    const lateness = ({ client, hops }: Window) => client + hops.client;
    if (quietest === null || lateness(window) < lateness(quietest)) quietest = window;
    return quietest;
  }

  /** What the slowed hop and the others gained, beside what the client saw. */
  function expectBlame(blamed: Hop, usual: Window, slowed: Window): void {
    const grown = slowed.client - usual.client;
    const gains = Object.fromEntries(
      HOPS.map((hop) => [hop, Math.round(slowed.hops[hop] - usual.hops[hop])]),
    ) as Record<Hop, number>;
    const told = `${blamed}: the client saw ${Math.round(grown)} ms, the hops gained ${JSON.stringify(gains)}`;
    expect(grown, told).toBeGreaterThan(0.9 * DELAY_MS);
    expect(Math.abs(gains[blamed] - grown), told).toBeLessThan(0.1 * grown);
    for (const hop of HOPS) {
      if (hop !== blamed) expect(Math.abs(gains[hop]), told).toBeLessThan(0.1 * grown);
    }
  }

  /** Stands still from just before a push until the delay after it. */
  function freeze(role: RoleProcess): () => Promise<void> {
    return async () => {
      role.signal('SIGSTOP');
      await nextPush();
      await delay(DELAY_MS);
      role.signal('SIGCONT');
    };
  }

  it('blames a slow exchange, although its clock is wrong', async () => {
    const usual = await asUsual(2);
    expect(usual.hops.exchange).toBeLessThan(0.1 * DELAY_MS);
    simulator.faults.set({ frameDelayMs: DELAY_MS });
    const slowed = await measure(2);
    simulator.faults.set({ frameDelayMs: 0 });
    expectBlame('exchange', usual, slowed);
  });

  it('blames ingest that stands still', async () => {
    expectBlame('ingest', await asUsual(2), await measure(2, freeze(ingest)));
  });

  it('blames a slow bus', async () => {
    const usual = await asUsual(2);
    redisLink.become({ kind: 'delayed', ms: DELAY_MS });
    const slowed = await measure(2);
    redisLink.become({ kind: 'open' });
    expectBlame('bus', usual, slowed);
  });

  it('blames a gateway that stands still', async () => {
    expectBlame('gateway', await asUsual(2), await measure(2, freeze(gateway)));
  });

  it('blames the way to the client by its pings', async () => {
    const usual = await asUsual(PUSHES_WITH_PINGS);
    clientLink.become({ kind: 'delayed', ms: DELAY_MS });
    // Until no ping is under way that left before.
    await delay(1_000 + 2 * DELAY_MS);
    const slowed = await measure(PUSHES_WITH_PINGS);
    clientLink.become({ kind: 'open' });
    expectBlame('client', usual, slowed);
  });
});
