/** When a set of keys is fetched and how long it is believed. Times in ms by a clock that never goes back. */
export interface JwksTiming {
  /** The set is fetched anew when it is this old: a key that was taken out is trusted no longer. */
  readonly maxAgeMs: number;
  /** Tokens with an unknown `kid` cause at most one fetch in this time. */
  readonly cooldownMs: number;
  /** While it cannot be fetched the old set counts until it is this old. */
  readonly maxStaleMs: number;
}

const FIRST_RETRY_MS = 1_000;

/**
 * Decides when the keys of an address are fetched: when they are too old, when a token names a key that
 * is not among them, and again after a failure, later each time. Pure: it is told what happens and the
 * time. At most one fetch is under way.
 */
export class JwksRefreshPolicy {
  readonly #timing: JwksTiming;
  #underWaySince: number | null = null;
  /** When the request for the present set began: it is as old as that. */
  #setFrom: number | null = null;
  #failures = 0;
  #failedAt = 0;
  #unknownKeyAt: number | null = null;

  constructor(timing: JwksTiming) {
    this.#timing = timing;
  }

  /** When the next fetch is due by itself: -Infinity for at once, Infinity while one is under way. */
  dueAt(): number {
    if (this.#underWaySince !== null) return Infinity;
    if (this.#failures > 0) return this.#failedAt + this.#retryDelayMs();
    return this.#setFrom === null ? -Infinity : this.#setFrom + this.#timing.maxAgeMs;
  }

  /**
   * A token names a key that the present set lacks.
   *
   * @returns whether the set is to be fetched for it; call `began` if so
   */
  unknownKey(now: number): boolean {
    if (this.#underWaySince !== null || !this.trustsSet(now)) return false;
    if (this.#unknownKeyAt !== null && now - this.#unknownKeyAt < this.#timing.cooldownMs) {
      return false;
    }
    this.#unknownKeyAt = now;
    return true;
  }

  began(now: number): void {
    this.#underWaySince = now;
  }

  succeeded(): void {
    this.#setFrom = this.#underWaySince;
    this.#underWaySince = null;
    this.#failures = 0;
  }

  failed(now: number): void {
    this.#underWaySince = null;
    this.#failures += 1;
    this.#failedAt = now;
  }

  /** Whether there is a set that is young enough to be believed. */
  trustsSet(now: number): boolean {
    return this.#setFrom !== null && now - this.#setFrom < this.#timing.maxStaleMs;
  }

  /** Doubles with each failure, up to the cooldown. */
  #retryDelayMs(): number {
    const doubled = FIRST_RETRY_MS * 2 ** Math.min(this.#failures - 1, 20);
    return Math.min(doubled, Math.max(FIRST_RETRY_MS, this.#timing.cooldownMs));
  }
}
