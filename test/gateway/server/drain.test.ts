import fc from 'fast-check';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  closingWindowMs,
  dueCloses,
  reconnectDelayMs,
} from '../../../src/gateway/drain-schedule.ts';
import {
  createDrain,
  type DrainableSession,
  type DrainSettings,
} from '../../../src/gateway/drain.ts';
import { EdgeMetrics } from '../../../src/metrics/edge-metrics.ts';
import { silentLog } from '../auth/tokens.ts';
import { closeOf, connectClient, startServer } from './harness.ts';

describe('the schedule', () => {
  it('closes none before, all at the end, and never takes one back', () => {
    fc.assert(
      fc.property(
        fc.nat(20_000),
        fc.nat(60_000),
        fc.array(fc.integer({ min: 0, max: 70_000 })),
        (total, windowMs, times) => {
          let before = 0;
          for (const elapsedMs of times.sort((a, b) => a - b)) {
            const due = dueCloses(total, elapsedMs, windowMs);
            expect(due).toBeGreaterThanOrEqual(before);
            expect(due).toBeLessThanOrEqual(total);
            if (elapsedMs >= windowMs) expect(due).toBe(total);
            before = due;
          }
        },
      ),
    );
  });

  it('spreads closes evenly', () => {
    expect([0, 25, 50, 75, 100].map((ms) => dueCloses(1000, ms, 100))).toEqual([
      0, 250, 500, 750, 1000,
    ]);
  });

  it('fits the deadline, whatever the window', () => {
    fc.assert(
      fc.property(
        fc.nat(60_000),
        fc.nat(60_000),
        fc.nat(1000),
        (windowMs, deadlineMs, lingerMs) => {
          const window = closingWindowMs({ windowMs, deadlineMs }, lingerMs);
          expect(window).toBeGreaterThanOrEqual(0);
          expect(window).toBeLessThanOrEqual(windowMs);
          expect(window).toBeLessThanOrEqual(Math.max(0, deadlineMs - lingerMs));
        },
      ),
    );
  });

  it('gives whole delays up to the bound', () => {
    expect(reconnectDelayMs(1000, () => 0)).toBe(0);
    expect(reconnectDelayMs(1000, () => 0.9999999)).toBe(1000);
    expect(reconnectDelayMs(0, () => 0.5)).toBe(0);
  });
});

describe('a drain', () => {
  const events: string[] = [];
  let startedAt = 0;
  beforeEach(() => {
    events.length = 0;
    startedAt = performance.now();
  });

  class Session implements DrainableSession {
    delayMs: number | undefined;
    closedAtMs: number | undefined;
    goingAway(delayMs: number): void {
      events.push('going_away');
      this.delayMs = delayMs;
    }
    close(): void {
      events.push('close');
      this.closedAtMs ??= performance.now() - startedAt;
    }
  }

  function drainOf(sessions: Session[], settings: DrainSettings) {
    const registry = new Registry();
    const drain = createDrain({
      settings,
      sessions: { all: () => sessions.filter((session) => session.closedAtMs === undefined) },
      markNotReady: () => events.push('not ready'),
      server: { stopAccepting: () => events.push('stop accepting') },
      metrics: new EdgeMetrics(registry),
      log: silentLog,
    });
    return { drain, registry };
  }

  it('is not ready first, then stops accepting, says farewell to all, then closes', async () => {
    const sessions = [new Session(), new Session(), new Session()];
    const { drain, registry } = drainOf(sessions, { windowMs: 150, deadlineMs: 5000, lingerMs: 0 });
    const report = await drain.run();
    expect(report.sessions).toBe(3);
    expect(events).toEqual([
      'not ready',
      'stop accepting',
      ...Array.from({ length: 3 }, () => 'going_away'),
      ...Array.from({ length: 3 }, () => 'close'),
    ]);
    const metrics = await registry.metrics();
    expect(metrics).toContain('candlegate_gateway_draining 1');
    expect(metrics).toContain('candlegate_gateway_drain_remaining_sessions 0');
    expect(metrics).toContain('candlegate_gateway_drain_closed_sessions_total 3');
  });

  it('gives each session its own delay and spreads the closes over the window', async () => {
    const sessions = Array.from({ length: 600 }, () => new Session());
    const { drain } = drainOf(sessions, {
      windowMs: 400,
      deadlineMs: 5000,
      maxReconnectDelayMs: 900,
    });
    const report = await drain.run();
    expect(report.durationMs).toBeLessThan(5000);
    const delays = sessions.map((session) => session.delayMs ?? Number.NaN);
    expect(Math.max(...delays)).toBeLessThanOrEqual(900);
    expect(new Set(delays).size).toBeGreaterThan(200);
    const times = sessions.map((session) => session.closedAtMs ?? Number.NaN);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(200);
    expect(new Set(times.map(Math.round)).size).toBeGreaterThanOrEqual(3);
  });

  it('runs once, however often it is asked', async () => {
    const { drain } = drainOf([new Session()], { windowMs: 0, deadlineMs: 1000, lingerMs: 0 });
    const [one, two] = await Promise.all([drain.run(), drain.run()]);
    expect(one).toBe(two);
    expect(await drain.run()).toBe(one);
    expect(events).toEqual(['not ready', 'stop accepting', 'going_away', 'close']);
  });

  it('goes on when one session fails', async () => {
    class Broken extends Session {
      override goingAway(): void {
        throw new Error('bug');
      }
      override close(): void {
        super.close();
        throw new Error('bug');
      }
    }
    const sessions = [new Broken(), new Session()];
    const { drain } = drainOf(sessions, { windowMs: 0, deadlineMs: 1000, lingerMs: 0 });
    await drain.run();
    expect(sessions.every((session) => session.closedAtMs !== undefined)).toBe(true);
  });

  describe('on a clock', () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
    afterEach(() => void vi.useRealTimers());

    it('is over at once with a deadline that has passed', async () => {
      const sessions = [new Session()];
      const { drain } = drainOf(sessions, { windowMs: 60_000, deadlineMs: 0 });
      expect(await drain.run()).toEqual({ sessions: 1, durationMs: 0 });
      expect(sessions[0]?.closedAtMs).toBeDefined();
    });
  });

  it('lets clients of a real server hear 1001', async () => {
    const harness = await startServer();
    const clients = await Promise.all(Array.from({ length: 5 }, () => connectClient(harness)));
    const farewells: string[] = [];
    for (const client of clients)
      client.on('message', (data: Buffer) => farewells.push(data.toString()));
    const closes = clients.map(closeOf);
    const drain = createDrain({
      settings: { windowMs: 100, deadlineMs: 5000 },
      sessions: {
        all: () =>
          harness.sessions
            .filter((session) => session.closes.length === 0)
            .map(({ transport }) => ({
              goingAway: (delayMs) => void transport.send(`going away ${delayMs}`),
              close: () => transport.close(1001, 'going away'),
            })),
      },
      markNotReady: () => undefined,
      server: harness.server,
      metrics: new EdgeMetrics(new Registry()),
      log: silentLog,
    });
    await drain.run();
    expect((await Promise.all(closes)).map(({ code }) => code)).toEqual([
      1001, 1001, 1001, 1001, 1001,
    ]);
    expect(farewells).toHaveLength(5);
    harness.server.close();
  });
});
