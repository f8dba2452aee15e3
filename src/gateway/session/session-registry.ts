import { HeartbeatWheel, type WheelMember, type WheelTiming } from './heartbeat-wheel.ts';

/** What the registry needs of a session. */
export interface RegisteredSession extends WheelMember {
  /** When the session's token ends, ms since 1970. */
  readonly expiresAt: number;
  /** When the client is to be told of that end, ms since 1970; infinite when it was, or needs not be. */
  readonly warnsAt: number;
  /** Tells it. `warnsAt` becomes infinite once the client has it. */
  warnOfExpiry(): void;
  /** Closes with 4401. */
  expire(): void;
  /** Tries again to resume channels of which nothing was known. @returns whether some still wait */
  retryWaiting(): boolean;
}

/** Replays that may begin in one tick once the gateway's first history is there. */
const MAX_RETRIES_PER_TICK = 100;

/**
 * All open sessions, and what they need from time to time, for one timer: heartbeats and pings through the wheel,
 * tokens that are about to end, resumes that wait for the first history.
 */
export class SessionRegistry<Session extends RegisteredSession> {
  readonly #revolutionMs: number;
  readonly #wheel: HeartbeatWheel<Session>;
  /** Sessions whose token ends, or that are warned of it, soon: the only ones looked at in every tick. */
  readonly #expiring = new Set<Session>();
  readonly #waiting = new Set<Session>();

  constructor(timing: WheelTiming) {
    this.#revolutionMs = timing.revolutionMs;
    this.#wheel = new HeartbeatWheel<Session>(timing);
  }

  get size(): number {
    return this.#wheel.size;
  }

  /** How often `tick` wants to be called. */
  get tickMs(): number {
    return this.#wheel.tickMs;
  }

  add(session: Session): void {
    this.#wheel.add(session);
  }

  remove(session: Session): void {
    this.#wheel.remove(session);
    this.#expiring.delete(session);
    this.#waiting.delete(session);
  }

  /** A copy, so that sessions may close while it is walked. */
  all(): readonly Session[] {
    return this.#wheel.members();
  }

  /** Called at every visit and whenever a session's token changes. */
  watchExpiry(session: Session, now: number): void {
    const nextAt = Math.min(session.expiresAt, session.warnsAt);
    if (nextAt <= now + 2 * this.#revolutionMs) this.#expiring.add(session);
    else this.#expiring.delete(session);
  }

  /** The session resumes a channel of which nothing is known yet. */
  watchWaiting(session: Session): void {
    this.#waiting.add(session);
  }

  /** @param now ms since 1970 */
  tick(now: number): void {
    this.#wheel.advance(now);
    for (const session of this.#expiring) {
      if (session.expiresAt <= now) session.expire();
      else if (session.warnsAt <= now) session.warnOfExpiry();
    }
    // Whoever still waits goes to the end of the line, so each has its turn at most once a tick.
    let retries = Math.min(MAX_RETRIES_PER_TICK, this.#waiting.size);
    for (const session of this.#waiting) {
      if (retries === 0) break;
      retries -= 1;
      this.#waiting.delete(session);
      if (session.retryWaiting()) this.#waiting.add(session);
    }
  }
}
