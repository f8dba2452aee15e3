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

/** Reads the exchange's clock now and then, while this worker leads. */
export class ClockSampler {
  readonly #deps: ClockSamplerDeps;
  readonly #estimator = new ClockOffsetEstimator();
  readonly #failures = new SparseLog();
  #timer: NodeJS.Timeout | undefined;

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

  /** Samples until the turn ends. */
  start(turn: AbortSignal): void {
    let count = 0;
    const next = async (): Promise<void> => {
      // Those that failed do not count: once the exchange answers again its clock is soon known.
      if (await this.#sample(turn)) count += 1;
      if (turn.aborted) return;
      const delayMs = count < QUICK_SAMPLES ? QUICK_SAMPLE_MS : this.#deps.sampleMs;
      this.#timer = setTimeout(() => void next(), Math.min(delayMs, this.#deps.sampleMs));
    };
    clearTimeout(this.#timer);
    turn.addEventListener('abort', () => clearTimeout(this.#timer), { once: true });
    void next();
  }

  /** @returns whether the exchange answered */
  async #sample(turn: AbortSignal): Promise<boolean> {
    const { archive, exchangeTime, metrics, log } = this.#deps;
    try {
      const sample = await archive.time(turn);
      this.#estimator.add(sample);
      exchangeTime.onAnswer(sample.remote, sample.receivedAt);
      metrics.clockOffset(this.offset);
      return true;
    } catch (error) {
      if (turn.aborted) return false;
      const count = this.#failures.hit(performance.now());
      if (count !== null) log.warn({ err: error, count }, "the exchange's clock could not be read");
      return false;
    }
  }
}
