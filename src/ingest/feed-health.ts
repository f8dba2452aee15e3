import type { FeedState } from '../candle/messages.ts';

export interface FeedHealthSettings {
  /** A subscribed channel without data for longer is `stale`. A quiet market may say nothing for a minute. */
  readonly stallMs: number;
  /** A channel without subscription for longer is `down`; a quick reconnect is not worth a word. */
  readonly downAfterMs: number;
}

/** What can be said of one channel's freshness. Pure; its times are of a clock that nobody ever sets. */
export class FeedHealth {
  readonly #settings: FeedHealthSettings;
  #subscribedAt: number | null = null;
  #lostAt = -Infinity;
  #dataAt: number | null = null;

  constructor(settings: FeedHealthSettings) {
    this.#settings = settings;
  }

  onSubscribed(now: number): void {
    this.#subscribedAt ??= now;
  }

  onLost(now: number): void {
    if (this.#subscribedAt !== null) this.#lostAt = now;
    this.#subscribedAt = null;
  }

  onData(now: number): void {
    this.#dataAt = now;
  }

  state(now: number): FeedState {
    if (this.#subscribedAt === null && now - this.#lostAt > this.#settings.downAfterMs) {
      return 'down';
    }
    // Nothing can be vouched for before the first data.
    if (this.#dataAt === null) return 'stale';
    const quietSince = Math.max(this.#dataAt, this.#subscribedAt ?? -Infinity);
    return now - quietSince > this.#settings.stallMs ? 'stale' : 'live';
  }
}
