/**
 * How late updates are that a client reads: from `times.published` until now, by clocks of one
 * machine. Only updates of `candle` messages that were published live count.
 */
export class Lateness {
  #values: number[] = [];

  take(payload: Buffer): void {
    const head = payload.toString('latin1', 0, 20);
    if (!head.startsWith('{"type":"candle"')) return;
    const at = payload.lastIndexOf('"published":');
    if (at < 0) return;
    const published = Number.parseFloat(payload.toString('latin1', at + 12, at + 32));
    this.#values.push(performance.timeOrigin + performance.now() - published);
  }

  /** What has been taken, and begins anew. */
  drain(): number[] {
    const values = this.#values;
    this.#values = [];
    return values;
  }
}
