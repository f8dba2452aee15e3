/** The rate is an average over this. */
const RATE_WINDOW_MS = 10_000;
/** Seconds that are remembered one by one. */
export const REMEMBERED_SECONDS = 60;

/** What came in one second. */
export interface SecondOfActivity {
  /** Whole seconds since 1970. */
  readonly second: number;
  /** Live messages. */
  live: number;
  /** Closed candles of replays. */
  replayed: number;
}

/** Counts what came in since the page was opened. Instants are ms since 1970. */
export class Activity {
  updates = 0;
  closed = 0;
  #firstAt: number | null = null;
  /** Newest last. */
  #seconds: SecondOfActivity[] = [];

  /** Notes a live candle message. */
  noteUpdate(isClosed: boolean, now: number): void {
    this.updates += 1;
    if (isClosed) this.closed += 1;
    this.#firstAt ??= now;
    this.#second(now).live += 1;
  }

  /** Notes a closed candle of a replay. */
  noteReplayed(now: number): void {
    this.#second(now).replayed += 1;
  }

  /** Average over the last ten seconds, or over the time since the first update. */
  updatesPerSecond(now: number): number {
    const oldest = (now - RATE_WINDOW_MS) / 1000;
    const count = this.#seconds
      .filter(({ second }) => second > oldest)
      .reduce((sum, { live }) => sum + live, 0);
    const elapsedMs = now - (this.#firstAt ?? now);
    return (count * 1000) / Math.min(RATE_WINDOW_MS, Math.max(1_000, elapsedMs));
  }

  /** The last `REMEMBERED_SECONDS` whole seconds before this one, oldest first. */
  lastMinute(now: number): readonly Readonly<SecondOfActivity>[] {
    const current = Math.floor(now / 1000);
    const known = new Map(this.#seconds.map((each) => [each.second, each]));
    return Array.from({ length: REMEMBERED_SECONDS }, (_, index) => {
      const second = current - REMEMBERED_SECONDS + index;
      return known.get(second) ?? { second, live: 0, replayed: 0 };
    });
  }

  #second(now: number): SecondOfActivity {
    const second = Math.floor(now / 1000);
    const newest = this.#seconds.at(-1);
    if (newest?.second === second) return newest;
    const next = { second, live: 0, replayed: 0 };
    this.#seconds = [...this.#seconds.slice(-REMEMBERED_SECONDS), next];
    return next;
  }
}
