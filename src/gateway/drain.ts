import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { EdgeMetrics } from '../metrics/edge-metrics.ts';
import { closingWindowMs, dueCloses, reconnectDelayMs } from './drain-schedule.ts';

/** A session as draining sees it. */
export interface DrainableSession {
  /** Sends `going_away`. */
  goingAway(reconnectDelayMs: number): void;
  /** Closes with 1001. */
  close(): void;
}

/** The open sessions, wherever they are kept. */
export interface DrainableSessions {
  /** A session that has closed is not among them any more. */
  all(): Iterable<DrainableSession>;
}

export interface DrainSettings {
  /** Closes are spread over so long, so that the other gateways are not overrun. */
  readonly windowMs: number;
  /** Draining ends after so long at the latest. */
  readonly deadlineMs: number;
  /** Between "not ready" and the closed listener: time for load balancers to notice. Default 0. */
  readonly noticeMs?: number;
  /** Each client is told to wait a random time up to this before it reconnects. Default 1,000. */
  readonly maxReconnectDelayMs?: number;
  /** After the last close: time for close frames to leave. Default 250. */
  readonly lingerMs?: number;
}

export interface DrainDeps {
  readonly settings: DrainSettings;
  readonly sessions: DrainableSessions;
  /** Takes the gateway out of service for whoever asks whether it is ready. */
  readonly markNotReady: () => void;
  readonly server: { stopAccepting(): void };
  readonly metrics: Pick<EdgeMetrics, 'drainStarted' | 'drainClosed'>;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** From 0 up to, not including, 1. */
  readonly random?: () => number;
}

export interface DrainReport {
  readonly sessions: number;
  readonly durationMs: number;
}

export interface Drain {
  /** Begins to drain, or joins the drain that has begun. Never rejects. */
  run(): Promise<DrainReport>;
}

/** How often closes are caught up with their schedule. */
const STEP_MS = 50;
/** Farewells written in one turn of the event loop; live messages go out in between. */
const FAREWELLS_PER_TURN = 500;

/**
 * Takes a gateway out of service without hurting its clients: not ready, no new ones, `going_away`
 * to all with a delay of their own, then closes spread over the window.
 */
export function createDrain(deps: DrainDeps): Drain {
  let running: Promise<DrainReport> | undefined;
  return {
    run() {
      running ??= drain(deps);
      return running;
    },
  };
}

async function drain(deps: DrainDeps): Promise<DrainReport> {
  const { settings, log, metrics } = deps;
  const { deadlineMs, noticeMs = 0, maxReconnectDelayMs = 1000, lingerMs = 250 } = settings;
  const random = deps.random ?? Math.random;
  const startedAt = performance.now();
  const elapsedMs = (): number => performance.now() - startedAt;

  attempt(() => deps.markNotReady());
  if (noticeMs > 0) await delay(Math.min(noticeMs, deadlineMs));
  attempt(() => deps.server.stopAccepting());

  const sessions = [...deps.sessions.all()];
  metrics.drainStarted(sessions.length);
  log.info({ sessions: sessions.length }, 'draining');

  for (const [index, session] of sessions.entries()) {
    const delayMs = reconnectDelayMs(maxReconnectDelayMs, random);
    attempt(() => session.goingAway(delayMs));
    if ((index + 1) % FAREWELLS_PER_TURN === 0) await nextTurn();
  }

  const closingAt = elapsedMs();
  const remainingMs = Math.max(0, deadlineMs - closingAt);
  const windowMs = closingWindowMs({ ...settings, deadlineMs: remainingMs }, lingerMs);
  let closed = 0;
  while (closed < sessions.length) {
    const due = dueCloses(sessions.length, elapsedMs() - closingAt, windowMs);
    const batch = sessions.slice(closed, due);
    for (const session of batch) attempt(() => session.close());
    closed = Math.max(closed, due);
    if (batch.length > 0) metrics.drainClosed(batch.length, sessions.length - closed);
    if (closed < sessions.length) await delay(STEP_MS);
  }

  // Whatever has slipped in meanwhile; a session that is closed twice does not mind.
  for (const session of deps.sessions.all()) attempt(() => session.close());
  const lingering = Math.min(lingerMs, deadlineMs - elapsedMs());
  if (sessions.length > 0 && lingering > 0) await delay(lingering);

  const report = { sessions: sessions.length, durationMs: elapsedMs() };
  log.info(report, 'drained');
  return report;

  /** One fault must not keep the rest from being drained. */
  function attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      log.error({ err: error }, 'a step of draining failed');
    }
  }
}
