import {
  bulkhead,
  ExponentialBackoff,
  fullJitterGenerator,
  type IBackoff,
  type BulkheadPolicy,
} from 'cockatiel';
import type { BusSubscriber, ChannelHistory } from '../../bus/bus.ts';
import type { Channel, ChannelName } from '../../candle/channel.ts';

export interface HistoryReaderSettings {
  /** How many reads may be under way at once, over all channels. */
  readonly maxConcurrentReads: number;
  /** Bound of the first wait after a read in vain; it doubles up to `maxRetryDelayMs`, fully jittered. */
  readonly firstRetryDelayMs: number;
  readonly maxRetryDelayMs: number;
}

export const DEFAULT_HISTORY_READER_SETTINGS: HistoryReaderSettings = {
  maxConcurrentReads: 4,
  firstRetryDelayMs: 50,
  maxRetryDelayMs: 2_000,
};

/** What came of a read. The channel tells by the request whether it still cares. */
export interface HistoryReaderEvents {
  answered(channel: Channel, request: number, history: ChannelHistory | null): void;
  failed(channel: Channel, request: number, error: unknown, attempt: number): void;
}

interface Job {
  readonly request: number;
  timer: NodeJS.Timeout | null;
}

/** Reads history for channels under repair: a few at a time, each with its own backoff. */
export class HistoryReader {
  readonly #bus: Pick<BusSubscriber, 'readHistory'>;
  readonly #events: HistoryReaderEvents;
  readonly #bulkhead: BulkheadPolicy;
  readonly #backoff: ExponentialBackoff<number>;
  /** The newest job of each channel; one that is not here any more is void. */
  readonly #jobs = new Map<ChannelName, Job>();
  readonly #delays = new Map<ChannelName, IBackoff<unknown>>();
  #isClosed = false;

  constructor(
    bus: Pick<BusSubscriber, 'readHistory'>,
    settings: HistoryReaderSettings,
    events: HistoryReaderEvents,
  ) {
    this.#bus = bus;
    this.#events = events;
    this.#bulkhead = bulkhead(settings.maxConcurrentReads, Infinity);
    this.#backoff = new ExponentialBackoff({
      generator: fullJitterGenerator,
      initialDelay: settings.firstRetryDelayMs,
      maxDelay: settings.maxRetryDelayMs,
    });
  }

  /**
   * Reads what has a `start` above `after`. An earlier read of the channel that has not begun is
   * given up; the answer of one that has begun is passed on under its own request.
   *
   * @param attempt 0: at once; above: after a wait that grows
   */
  read(channel: Channel, request: number, after: number | null, attempt: number): void {
    if (this.#isClosed) return;
    const earlier = this.#jobs.get(channel.name);
    if (earlier?.timer) clearTimeout(earlier.timer);
    const job: Job = { request, timer: null };
    this.#jobs.set(channel.name, job);
    if (attempt === 0) {
      this.#delays.delete(channel.name);
      this.#run(channel, job, after, attempt);
      return;
    }
    const delay = this.#delays.get(channel.name)?.next(undefined) ?? this.#backoff.next();
    this.#delays.set(channel.name, delay);
    job.timer = setTimeout(() => {
      job.timer = null;
      this.#run(channel, job, after, attempt);
    }, delay.duration);
  }

  /** Starts nothing more and passes nothing on any more. */
  close(): void {
    this.#isClosed = true;
    for (const { timer } of this.#jobs.values()) if (timer) clearTimeout(timer);
    this.#jobs.clear();
  }

  #run(channel: Channel, job: Job, after: number | null, attempt: number): void {
    const isVoid = (): boolean => this.#jobs.get(channel.name) !== job;
    this.#bulkhead
      .execute(() => {
        // While it waited for its turn a newer one may have taken its place.
        if (isVoid()) return undefined;
        return this.#bus.readHistory(channel, after ?? undefined);
      })
      .then(
        (history) => {
          if (history !== undefined && !this.#isClosed) {
            this.#events.answered(channel, job.request, history);
          }
        },
        (error: unknown) => {
          if (!this.#isClosed) this.#events.failed(channel, job.request, error, attempt);
        },
      );
  }
}
