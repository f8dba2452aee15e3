/**
 * A token bucket for traces made afterwards: when everything is slow, a few traces say as much as all.
 * Pure: the caller passes the time, in ms from any origin.
 */
export class SlowTraceBudget {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #at: number | null = null;

  /** @param burst how many may come at once, after a quiet time */
  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** @returns whether one more may be made now */
  take(now: number): boolean {
    const passedMs = Math.max(0, now - (this.#at ?? now));
    this.#at = now;
    this.#tokens = Math.min(this.#burst, this.#tokens + (passedMs / 1000) * this.#perSecond);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
