import { ExponentialBackoff, noJitterGenerator, type IBackoff } from 'cockatiel';

export interface BackoffSettings {
  readonly initialMs: number;
  readonly maxMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Capped exponential backoff with full jitter: uniform in [0, delay). */
export function fullJitter({
  initialMs,
  maxMs,
  random,
}: BackoffSettings): ExponentialBackoff<number> {
  return new ExponentialBackoff<number>({
    initialDelay: initialMs,
    maxDelay: maxMs,
    generator: (state, options) => {
      const [delay, next] = noJitterGenerator(state, options);
      return [Math.floor(random() * delay), next];
    },
  });
}

/** The delays of one thing that is tried again and again. */
export class Delays {
  readonly #factory: ExponentialBackoff<number>;
  #current: IBackoff<unknown> | null = null;

  constructor(settings: BackoffSettings) {
    this.#factory = fullJitter(settings);
  }

  nextMs(): number {
    this.#current = this.#current === null ? this.#factory.next() : this.#current.next(undefined);
    return this.#current.duration;
  }

  /** It went well: begin anew with short delays. */
  reset(): void {
    this.#current = null;
  }
}
