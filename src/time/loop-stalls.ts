import type { Clock } from './clock.ts';
import { every } from './every.ts';

/** How often the event loop shows that it turns. */
const TICK_MS = 50;
/** A tick that is later than this was kept waiting. */
const SLACK_MS = 20;
/** Work for longer than this, as far as the loop had no pause since its last tick, is a standstill. */
const BUSY_MS = 40;
/** For so long after a standstill what is read may have waited for its end. */
const AFTERMATH_MS = 20;
/** Weight of the newest message in what is usual. */
const USUAL_WEIGHT = 0.2;

/**
 * When the event loop last stood still. Pure: driven by `tick`.
 *
 * What comes during a standstill waits in the kernel and is read late, so that by the times alone the
 * way to this process would seem slow. `heldBackMs` tells the two apart. That the process worked is known
 * to the millisecond, by the time that its loop was idle; that it was kept from running at all, by ticks that
 * did not come, to `TICK_MS`.
 */
export class LoopStalls {
  readonly #idleMs: () => number;
  #lastTick: number | null = null;
  #idleAtTick = 0;
  #from = -Infinity;
  #until = -Infinity;
  /** How long messages take when the loop turns, as the two clocks have it; null before the first. */
  #usualMs: number | null = null;

  /** @param idleMs for how long the loop has waited for events so far */
  constructor(idleMs: () => number) {
    this.#idleMs = idleMs;
  }

  /** @param now ms since 1970 */
  tick(now: number): void {
    const from = this.#standsStillSince(now);
    this.#lastTick = now;
    this.#idleAtTick = this.#idleMs();
    if (from === null) return;
    this.#from = from;
    this.#until = now;
  }

  /**
   * How much of the time from `sentAt` to `readAt` the message waited for this process' loop. Its
   * arrival is reckoned from how long the latest messages took that did not wait. Call it at once, for
   * every message from one place, in order.
   *
   * @param sentAt by the sender's clock, which may be off
   * @param readAt by ours
   */
  heldBackMs(sentAt: number, readAt: number): number {
    const tookMs = readAt - sentAt;
    const since = this.#standsStillSince(readAt);
    const from = since ?? this.#from;
    const until = since === null ? this.#until : readAt;
    const usualMs = this.#usualMs ?? tookMs;
    const arrivedAt = Math.max(sentAt + usualMs, from);
    if (readAt - until <= AFTERMATH_MS && arrivedAt < until) return Math.max(0, readAt - arrivedAt);
    this.#usualMs = usualMs + USUAL_WEIGHT * (tookMs - usualMs);
    return 0;
  }

  /** Whether what is read now may have waited for the loop, so that its lateness says nothing of others. */
  hasJustStoodStill(now: number): boolean {
    return now - this.#until <= AFTERMATH_MS || this.#standsStillSince(now) !== null;
  }

  /** Since when the loop has stood still, if it had when it got here. */
  #standsStillSince(now: number): number | null {
    const last = this.#lastTick ?? now;
    const busyMs = now - last - (this.#idleMs() - this.#idleAtTick);
    const workedSince = busyMs > BUSY_MS ? now - busyMs : Infinity;
    const dueSince = now - last > TICK_MS + SLACK_MS ? last + TICK_MS : Infinity;
    const since = Math.min(workedSince, dueSince);
    return since === Infinity ? null : since;
  }
}

/** Drives it for as long as the process lives, without keeping it alive. */
export function watchLoopStalls(clock: Clock): LoopStalls {
  const stalls = new LoopStalls(() => performance.nodeTiming.idleTime);
  every(TICK_MS, () => stalls.tick(clock.now()));
  return stalls;
}
