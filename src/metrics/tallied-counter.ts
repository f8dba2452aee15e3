import { Counter, type CounterConfiguration } from 'prom-client';

/** One series of a counter. */
export interface Tally {
  /** Since the last scrape. */
  count: number;
}

interface Series<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly tally: Tally;
  readonly isShown: boolean;
}

/**
 * A counter whose series are looked up once and then added to: prom-client joins and hashes the labels at
 * each `inc`, which for a message that comes after milliseconds of nothing but sending is the dearest part of
 * counting it. What has been added is handed to prom-client when metrics are scraped.
 */
export class TalliedCounter<Label extends string> {
  readonly #series: Series<Label>[] = [];

  constructor(configuration: Omit<CounterConfiguration<Label>, 'collect'>) {
    const series = this.#series;
    new Counter<Label>({
      ...configuration,
      collect() {
        for (const { labels, tally, isShown } of series) {
          if (tally.count > 0 || isShown) this.inc(labels, tally.count);
          tally.count = 0;
        }
      },
    });
  }

  /**
   * A series. To be asked for once.
   *
   * @param isShown whether it is shown before anything has been added
   */
  series(labels: Readonly<Record<Label, string>>, isShown: boolean): Tally {
    const tally = { count: 0 };
    this.#series.push({ labels, tally, isShown });
    return tally;
  }
}
