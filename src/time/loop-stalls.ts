import type { Clock } from './clock.ts';

/** How often the event loop shows that it turns. A standstill's beginning is known no better than this. */
const TICK_MS = 20;
/** Weight of the newest message in what is usual. */
const USUAL_WEIGHT = 0.2;

/**
 * When the event loop last stood still. Pure: driven by `tick`.
 *
 * What comes during a standstill waits in the kernel and is read late, so that by the times alone the
 * way to this process would seem slow. `heldBackMs` tells the two apart.
 */
export class LoopStalls {
  #lastTick: number | null = null;
  #from = -Infinity;
  #until = -Infinity;
  /** How long messages take when the loop turns, as the two clocks have it; null before the first. */
  #usualMs: number | null = null;

  /** @param now ms since 1970 */
  tick(now: number): void {
    const last = this.#lastTick ?? now;
    this.#lastTick = now;
    if (now - last <= 2 * TICK_MS) return;
    this.#from = last + TICK_MS;
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
    const last = this.#lastTick ?? readAt;
    const standsStill = readAt - last > 2 * TICK_MS;
    const from = standsStill ? last + TICK_MS : this.#from;
    const until = standsStill ? readAt : this.#until;
    const usualMs = this.#usualMs ?? tookMs;
    const arrivedAt = Math.max(sentAt + usualMs, from);
    if (readAt - until <= TICK_MS && arrivedAt < until) return Math.max(0, readAt - arrivedAt);
    this.#usualMs = usualMs + USUAL_WEIGHT * (tookMs - usualMs);
    return 0;
  }

  /** Whether what is read now may have waited for the loop, so that its lateness says nothing of others. */
  hasJustStoodStill(now: number): boolean {
    const last = this.#lastTick ?? now;
    return now - this.#until <= TICK_MS || now - last > 2 * TICK_MS;
  }
}

/** Drives it for as long as the process lives, without keeping it alive. */
export function watchLoopStalls(clock: Clock): LoopStalls {
  const stalls = new LoopStalls();
  setInterval(() => stalls.tick(clock.now()), TICK_MS).unref();
  return stalls;
}
