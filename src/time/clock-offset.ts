/** One reading of another machine's clock between two of ours, all ms since 1970 with fractions. */
export interface ClockSample {
  readonly sentAt: number;
  readonly receivedAt: number;
  /** What the other clock said. */
  readonly remote: number;
}

/** By how much the other clock is ahead of ours, give or take the error, in ms. */
export interface ClockOffset {
  readonly offsetMs: number;
  /** Half the round trip of the sample: the true offset lies within this, if neither clock drifts. */
  readonly errorMs: number;
}

/** Real clocks drift by far less; a simulated one at another speed by far more. */
const MAX_DRIFT = 1_000e-6;

interface Estimate extends ClockOffset {
  readonly at: number;
}

/**
 * Estimates the offset of another clock as NTP does (RFC 5905, section 8): the middle of the
 * round trip is taken for the moment of the reading, and of all samples in the window the one with the
 * shortest round trip is believed. Pure.
 */
export class ClockOffsetEstimator {
  readonly #windowMs: number;
  #samples: Estimate[] = [];

  constructor(windowMs = 120_000) {
    this.#windowMs = windowMs;
  }

  add({ sentAt, receivedAt, remote }: ClockSample): void {
    const errorMs = Math.max(0, receivedAt - sentAt) / 2;
    const at = sentAt + errorMs;
    this.#samples = this.#samples.filter((sample) => sample.at > at - this.#windowMs);
    this.#samples.push({ offsetMs: remote - at, errorMs, at });
  }

  /** Whether there are samples enough to say something; one alone cannot tell an offset from a drift. */
  get isKnown(): boolean {
    return this.#samples.length >= 2;
  }

  /** Null when it cannot be measured: fewer than two samples, or the clocks drift by more than 1,000 ppm. */
  get offset(): ClockOffset | null {
    const [first, ...others] = this.#samples;
    if (first === undefined || others.length === 0 || this.#drifts()) return null;
    const best = others.reduce((a, b) => (b.errorMs < a.errorMs ? b : a), first);
    return { offsetMs: best.offsetMs, errorMs: best.errorMs };
  }

  /** Whether two samples differ by more than their errors and an honest drift can explain. */
  #drifts(): boolean {
    return this.#samples.some((a, index) =>
      this.#samples.slice(index + 1).some((b) => {
        const explained = a.errorMs + b.errorMs + MAX_DRIFT * Math.abs(b.at - a.at);
        return Math.abs(b.offsetMs - a.offsetMs) > explained;
      }),
    );
  }
}
