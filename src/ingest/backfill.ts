import type { Logger } from 'pino';
import type { IngestMetrics } from '../metrics/ingest-metrics.ts';
import type { Clock } from '../time/clock.ts';
import type { Tracing } from '../tracing/tracing.ts';
import type { ChannelFeed } from './channel-feed.ts';
import type { CandleArchive, StartRange } from './exchange.ts';
import type { ExchangeTime } from './exchange-time.ts';
import { SparseLog } from '../log/sparse-log.ts';

export interface BackfillDeps {
  readonly archive: CandleArchive;
  readonly clock: Clock;
  /** One that nobody ever sets, for the feeds' waits and the exchange's time. */
  readonly steady: Clock;
  readonly exchangeTime: ExchangeTime;
  readonly metrics: Pick<IngestMetrics, 'backfill'>;
  readonly tracing: Tracing;
  readonly log: Logger;
  /** Rows have come: the feed may have something to publish. */
  readonly onRows: (feed: ChannelFeed, differing: readonly number[]) => void;
}

/** Fetches what feeds lack, while this worker leads. The archive keeps the budget. */
export class Backfill {
  readonly #deps: BackfillDeps;
  readonly #failures = new SparseLog();
  readonly #underWay = new Set<Promise<void>>();

  constructor(deps: BackfillDeps) {
    this.#deps = deps;
  }

  /** Starts fetching what the feed wants, if anything; `turn` ends it. */
  check(feed: ChannelFeed, turn: AbortSignal): void {
    if (turn.aborted) return;
    const { exchangeTime, steady } = this.#deps;
    const now = steady.now();
    const range = feed.wanted(now, exchangeTime.at(now));
    if (range === null) return;
    const fetching = this.#fetch(feed, range, turn).finally(() => this.#underWay.delete(fetching));
    this.#underWay.add(fetching);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #fetch(feed: ChannelFeed, range: StartRange, turn: AbortSignal): Promise<void> {
    const { archive, clock, exchangeTime, log, metrics, onRows, steady, tracing } = this.#deps;
    const channel = feed.channel.name;
    // Within the budget of REST calls, so always recorded.
    const span = tracing.start(`backfill ${channel}`, {
      kind: 'client',
      isForced: true,
      attributes: { 'candlegate.range.from': range.from, 'candlegate.range.to': range.to },
    });
    try {
      const answer = await archive.candles(feed.channel, range, turn);
      metrics.backfill('fetched');
      span?.set({ 'candlegate.rows': answer.rows.length });
      const now = steady.now();
      const { added, differing } = feed.onRows(range, answer, now);
      exchangeTime.onAnswer(answer.time, now);
      log.debug({ channel, range, added }, 'candles fetched');
      onRows(feed, differing);
      this.check(feed, turn);
    } catch (error) {
      feed.onFetchFailed(steady.now());
      metrics.backfill('failed');
      span?.fail(turn.aborted ? 'the turn is over' : String(error));
      if (turn.aborted) return;
      const count = this.#failures.hit(clock.now());
      if (count !== null) {
        log.warn(
          { ...span?.logFields, err: error, channel, range, count },
          'candles could not be fetched',
        );
      }
    } finally {
      span?.end();
    }
  }
}
