/**
 * Whether a subscriber hears its own canary. Pure: times are readings of a monotonic clock in ms.
 *
 * What counts is the time during which this process was awake and could have heard something: after
 * a sleep (a suspended process, a blocked event loop) the canary may be waiting in the socket.
 */
export interface CanaryWatchOptions {
  /** How often `tick` is called. */
  readonly tickMs: number;
  /** Silence for longer than this means that the bus is lost. */
  readonly lostAfterMs: number;
}

export interface CanaryVerdict {
  /** The canary has just been found missing. */
  readonly lost: boolean;
  /** The connection should be made anew; said again while that does not help. */
  readonly reconnect: boolean;
}

export class CanaryWatch {
  readonly #options: CanaryWatchOptions;
  #hears = false;
  #lastTick: number;
  #silentMs = 0;

  constructor(options: CanaryWatchOptions, now: number) {
    this.#options = options;
    this.#lastTick = now;
  }

  get hears(): boolean {
    return this.#hears;
  }

  /** @returns whether it had been missing */
  heard(now: number): boolean {
    const wasMissing = !this.#hears;
    this.#hears = true;
    this.#silentMs = 0;
    this.#lastTick = now;
    return wasMissing;
  }

  /** The connection is a new one: it has its own time to be heard on. */
  restart(now: number): void {
    this.#silentMs = 0;
    this.#lastTick = now;
  }

  tick(now: number): CanaryVerdict {
    const { tickMs, lostAfterMs } = this.#options;
    this.#silentMs += Math.min(now - this.#lastTick, 2 * tickMs);
    this.#lastTick = now;
    if (this.#silentMs <= lostAfterMs) return { lost: false, reconnect: false };
    const lost = this.#hears;
    this.#hears = false;
    this.#silentMs = 0;
    return { lost, reconnect: true };
  }
}
