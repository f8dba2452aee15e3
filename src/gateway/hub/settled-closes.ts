/** Runs a function in the check phase of the event loop, like `setImmediate`. */
export type Defer = (run: () => void) => void;

/** What is settled of one channel. */
export interface Settleable {
  /** `start` of the newest closed candle that has been published; null before the first. */
  readonly lastClosed: number | null;
  settled: number | null;
}

/**
 * Keeps `settled` of the channels one whole turn of the event loop behind `lastClosed`.
 *
 * Why a whole turn and not its end: the WebSocket server flushes what was published in a turn, and
 * reports what it had to drop, in the same phase of the event loop in which Node runs its immediates,
 * and nobody promises which of them come first. A value set by the first `setImmediate` could vouch
 * for candles that are about to be dropped; by the second one, every drop has been reported.
 */
export class SettledCloses {
  readonly #defer: Defer;
  readonly #changed = new Set<Settleable>();

  constructor(defer: Defer) {
    this.#defer = defer;
  }

  /** A closed candle of this channel has been published, or its history has grown. */
  changed(channel: Settleable): void {
    if (this.#changed.size === 0) this.#defer(() => this.#endTurn());
    this.#changed.add(channel);
  }

  #endTurn(): void {
    const settling = [...this.#changed].map((channel) => ({ channel, value: channel.lastClosed }));
    this.#changed.clear();
    this.#defer(() => {
      for (const { channel, value } of settling) channel.settled = value;
    });
  }
}
