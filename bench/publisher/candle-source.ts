import type { Publication } from '../../src/bus/bus.ts';
import type { Candle } from '../../src/candle/candle.ts';
import type { Channel } from '../../src/candle/channel.ts';
import { nextStart, previousStart, startOf } from '../../src/candle/interval.ts';

const PRICE_DIGITS = 1;
const VOLUME_DIGITS = 3;
const TURNOVER_DIGITS = 4;
const STEP_SHARE = 0.0001;

/** A candle that is still growing. */
interface Growing {
  readonly start: number;
  readonly open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  turnover: number;
}

/**
 * Candles of one channel as an exchange sends them: updates of the open one, and at its end the closed
 * one. Prices are a random walk; what matters here is that messages look and weigh like real ones.
 */
export class CandleSource {
  readonly #channel: Channel;
  #candle: Growing;
  #lastExchange = 0;
  #previous: number | null;

  /** @param now ms since 1970 */
  constructor(channel: Channel, now: number, price = 84_512.3) {
    this.#channel = channel;
    this.#candle = begun(startOf(channel.interval, now), price);
    this.#previous = previousStart(channel.interval, this.#candle.start);
  }

  /** The closed candles before the open one, in order, for `BusPublisher.seed`. */
  history(count: number): Candle[] {
    const candles: Candle[] = [];
    let { start } = this.#candle;
    for (let index = 0; index < count; index += 1) {
      start = previousStart(this.#channel.interval, start);
      const candle = begun(start, this.#candle.open);
      for (let trade = 0; trade < 5; trade += 1) grow(candle);
      candles.unshift(this.#spell(candle, true));
    }
    return candles;
  }

  /** The next update; before it the close of a candle whose time is over. Times of the exchange only grow. */
  next(now: number, traceparent?: string): Publication[] {
    const { interval } = this.#channel;
    const publications: Publication[] = [];
    while (nextStart(interval, this.#candle.start) <= now) {
      const { start, close } = this.#candle;
      publications.push(this.#publication(now, this.#spell(this.#candle, true), this.#previous));
      this.#previous = start;
      this.#candle = begun(nextStart(interval, start), close);
    }
    grow(this.#candle);
    const update = this.#publication(now, this.#spell(this.#candle, false), null);
    publications.push(traceparent === undefined ? update : { ...update, traceparent });
    return publications;
  }

  #publication(now: number, candle: Candle, previous: number | null): Publication {
    // An update is newer only by its time, which has whole milliseconds.
    this.#lastExchange = Math.max(Math.floor(now), this.#lastExchange + 1);
    const times = { exchange: this.#lastExchange, ingest: Math.round(now * 1000) / 1000 };
    return { channel: this.#channel, candle, previous, times, backfill: false };
  }

  #spell(candle: Growing, confirm: boolean): Candle {
    const price = (value: number) => decimal(value, PRICE_DIGITS);
    return {
      start: candle.start,
      end: nextStart(this.#channel.interval, candle.start) - 1,
      open: price(candle.open),
      high: price(candle.high),
      low: price(candle.low),
      close: price(candle.close),
      volume: decimal(candle.volume, VOLUME_DIGITS),
      turnover: decimal(candle.turnover, TURNOVER_DIGITS),
      confirm,
    };
  }
}

function begun(start: number, price: number): Growing {
  return { start, open: price, high: price, low: price, close: price, volume: 0, turnover: 0 };
}

function grow(candle: Growing): void {
  candle.close *= 1 + (Math.random() - 0.5) * STEP_SHARE;
  candle.high = Math.max(candle.high, candle.close);
  candle.low = Math.min(candle.low, candle.close);
  const traded = Math.random();
  candle.volume += traded;
  candle.turnover += traded * candle.close;
}

/** Without zeros at the end, as the exchange spells it. */
function decimal(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
