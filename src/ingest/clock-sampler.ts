import type { Logger } from 'pino';
import type { IngestMetrics } from '../metrics/ingest-metrics.ts';
import { ClockOffsetEstimator, type ClockOffset } from '../time/clock-offset.ts';
import type { CandleArchive } from './exchange.ts';
import type { ExchangeTime } from './exchange-time.ts';
import { SparseLog } from '../log/sparse-log.ts';

export interface ClockSamplerDeps {
  readonly archive: CandleArchive;
  readonly exchangeTime: ExchangeTime;
  readonly metrics: IngestMetrics;
  readonly log: Logger;
  readonly sampleMs: number;
}

/** The first samples come quicker: one alone cannot tell an offset from a drift. */
const QUICK_SAMPLES = 4;
const QUICK_SAMPLE_MS = 1_000;

/** Reads the exchange's clock now and then. */
export class ClockSampler {
  readonly #deps: ClockSamplerDeps;
  readonly #estimator = new ClockOffsetEstimator();
  readonly #failures = new SparseLog();
  #timer: NodeJS.Timeout | undefined;
  /** Takes the next sample; null while one is under way, or none is wanted. */
  #next: (() => void) | null = null;
  #sampledAt = -Infinity;

  constructor(deps: ClockSamplerDeps) {
    this.#deps = deps;
  }

  /** Null while it cannot be measured. */
  get offset(): ClockOffset | null {
    return this.#estimator.offset;
  }

  /** The offset; null where it cannot be measured, undefined before that is known. */
  get reading(): ClockOffset | null | undefined {
    return this.#estimator.isKnown ? this.#estimator.offset : undefined;
  }

  /** Samples until `signal` says that it is enough. */
  start(signal: AbortSignal): void {
    let count = 0;
    const next = async (): Promise<void> => {
      this.#next = null;
      // Those that failed do not count: once the exchange answers again its clock is soon known.
      if (await this.#sample(signal)) count += 1;
      this.#sampledAt = performance.now();
      if (signal.aborted) return;
      const delayMs = count < QUICK_SAMPLES ? QUICK_SAMPLE_MS : this.#deps.sampleMs;
      this.#next = () => void next();
      this.#timer = setTimeout(this.#next, Math.min(delayMs, this.#deps.sampleMs));
    };
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(this.#timer);
        this.#next = null;
      },
      { once: true },
    );
    void next();
  }

  /** Something speaks against what is known of the clock: the next sample comes at once, within limits. */
  doubt(): void {
    if (this.#next === null || performance.now() - this.#sampledAt < QUICK_SAMPLE_MS) return;
    clearTimeout(this.#timer);
    this.#next();
  }

  /** @returns whether the exchange answered */
  async #sample(signal: AbortSignal): Promise<boolean> {
    const { archive, exchangeTime, metrics, log } = this.#deps;
    try {
      const sample = await archive.time(signal);
      this.#estimator.add(sample);
      exchangeTime.onAnswer(sample.remote, performance.now());
      metrics.clockOffset(this.offset);
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      const count = this.#failures.hit(performance.now());
      if (count !== null) log.warn({ err: error, count }, "the exchange's clock could not be read");
      return false;
    }
  }
}
