import { AbuseWindow } from './abuse-window.ts';

/** A client may send so many seconds' worth at once: one that reconnects asks for everything it wants. */
const BURST_SECONDS = 4;
/** Channels of one `subscribe` or `unsubscribe` that cost as much as one message. */
const CHANNELS_PER_MESSAGE = 10;
/** Candles of the snapshots that were asked for that cost as much as one message. */
const CANDLES_PER_MESSAGE = 100;
/**
 * For each channel that a connection may hold, so many candles cost nothing: whoever connects may have
 * all of its channels once, as long as a snapshot can be.
 */
const FREE_CANDLES_PER_SUBSCRIPTION = 1_000;

/**
 * A token bucket for what one connection sends. It has debts: what a message turns out to cost is
 * taken after it was let through. Made at the first message, and allocates nothing after that.
 */
export class MessageBudget {
  #left = Infinity;
  #at = 0;
  #candles = 0;
  #refusals: AbuseWindow | null = null;

  /**
   * @param now ms since 1970
   * @param perSecond how many messages; may change between calls
   * @returns whether one more is in it
   */
  take(now: number, perSecond: number): boolean {
    const gained = (Math.max(0, now - this.#at) * perSecond) / 1000;
    this.#left = Math.min(BURST_SECONDS * perSecond, this.#left + gained);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }

  /** Takes what a message that names channels costs on top. */
  charge(channels: number): void {
    this.#left -= Math.floor((channels - 1) / CHANNELS_PER_MESSAGE);
  }

  /**
   * Takes what was sent of a snapshot that the client had asked for.
   *
   * @param subscriptions how many channels the connection may hold; may change between calls
   */
  chargeCandles(candles: number, subscriptions: number): void {
    const before = this.#candles;
    this.#candles += candles;
    const free = subscriptions * FREE_CANDLES_PER_SUBSCRIPTION;
    this.#left -= Math.max(0, this.#candles - Math.max(free, before)) / CANDLES_PER_MESSAGE;
  }

  /** @returns true when messages were refused too often: the connection must be closed */
  refused(now: number): boolean {
    this.#refusals ??= new AbuseWindow();
    return this.#refusals.record(now);
  }
}
