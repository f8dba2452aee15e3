/** The rate is an average over this. */
const RATE_WINDOW_MS = 10_000;

/** Counts what came in since the page was opened. Instants are ms since 1970. */
export class Activity {
  updates = 0;
  closed = 0;
  reconnects = 0;
  #firstAt: number | null = null;
  /** Updates per whole second, newest last; no more than the window needs. */
  #buckets: { second: number; count: number }[] = [];

  /** Notes a candle message. */
  noteUpdate(isClosed: boolean, now: number): void {
    this.updates += 1;
    if (isClosed) this.closed += 1;
    this.#firstAt ??= now;
    const second = Math.floor(now / 1000);
    const newest = this.#buckets.at(-1);
    if (newest?.second === second) newest.count += 1;
    else this.#buckets.push({ second, count: 1 });
    this.#forget(now);
  }

  /** Average over the last ten seconds, or over the time since the first update. */
  updatesPerSecond(now: number): number {
    this.#forget(now);
    const count = this.#buckets.reduce((sum, bucket) => sum + bucket.count, 0);
    const elapsedMs = now - (this.#firstAt ?? now);
    return (count * 1000) / Math.min(RATE_WINDOW_MS, Math.max(1_000, elapsedMs));
  }

  #forget(now: number): void {
    const oldest = (now - RATE_WINDOW_MS) / 1000;
    this.#buckets = this.#buckets.filter(({ second }) => second > oldest);
  }
}
