import type { Candle, ChannelName } from '../client/index.ts';
import { CandleSeries } from './candle-series.ts';
import { channelName } from './address.ts';

/** Symbols that are watched at once; a gateway may serve thousands. */
export const MAX_WATCHED = 40;
/** Candles that the change and the small curve look back on. */
export const SPAN_CANDLES = 300;

/** A channel that the gateway serves, as `GET /api/v1/live/channels` lists it. */
export interface ServedChannel {
  readonly channel: ChannelName;
  readonly symbol: string;
  readonly interval: string;
}

/** What can be chosen, what is chosen, and the candles of every channel that was ever watched. */
export class MarketBook {
  readonly #series = new Map<ChannelName, CandleSeries>();
  /** Intervals by symbol, in the gateway's order. */
  #served = new Map<string, readonly string[]>();
  symbol: string;
  interval: string;

  constructor(symbol: string, interval: string) {
    this.symbol = symbol;
    this.interval = interval;
  }

  get chosen(): ChannelName {
    return channelName(this.symbol, this.interval);
  }

  /** All symbols that are served; before that is known the chosen one. */
  get symbols(): readonly string[] {
    return this.#served.size === 0 ? [this.symbol] : [...this.#served.keys()];
  }

  /** The intervals in which the chosen symbol is served. */
  get intervals(): readonly string[] {
    return this.#served.get(this.symbol) ?? [this.interval];
  }

  /** One channel of each watched symbol: in the chosen interval, or else in its first one. */
  get watched(): readonly ChannelName[] {
    const symbols = this.symbols.slice(0, MAX_WATCHED);
    if (!symbols.includes(this.symbol)) symbols[symbols.length - 1] = this.symbol;
    return symbols.map((symbol) => this.channelOf(symbol));
  }

  channelOf(symbol: string): ChannelName {
    const intervals = this.#served.get(symbol) ?? [this.interval];
    const has = intervals.includes(this.interval);
    return channelName(symbol, has ? this.interval : (intervals[0] ?? this.interval));
  }

  seriesOf(channel: ChannelName): CandleSeries {
    const series = this.#series.get(channel) ?? new CandleSeries();
    this.#series.set(channel, series);
    return series;
  }

  /** `start` of the last closed candle that is held of a channel; null without one. */
  lastClosed(channel: ChannelName): number | null {
    const candles = this.#series.get(channel)?.candles ?? [];
    return candles.findLast(({ confirm }) => confirm)?.start ?? null;
  }

  /** Takes what the gateway serves; what is chosen gives way when it is not among that. */
  offer(channels: readonly ServedChannel[]): void {
    if (channels.length === 0) return;
    const served = new Map<string, string[]>();
    for (const { symbol, interval } of channels) {
      served.set(symbol, [...(served.get(symbol) ?? []), interval]);
    }
    this.#served = served;
    this.choose(this.symbol, this.interval);
  }

  /** What is not served gives way to what is. */
  choose(symbol: string, interval: string): void {
    this.symbol =
      this.#served.size === 0 || this.#served.has(symbol) ? symbol : (this.symbols[0] ?? symbol);
    const { intervals } = this;
    const has = this.#served.size === 0 || intervals.includes(interval);
    this.interval = has ? interval : (intervals[0] ?? interval);
  }
}

/** How a price has moved over the last candles. */
export interface Movement {
  /** Decimal strings: the first candle's open, the last one's close. */
  readonly from: string;
  readonly to: string;
  readonly percent: number;
  readonly direction: 'up' | 'down' | 'flat';
  /** From the first candle's start to the last one's end. */
  readonly spanMs: number;
}

/** Over all of these candles; null without any. */
export function movementOf(candles: readonly Candle[]): Movement | null {
  const first = candles[0];
  const last = candles.at(-1);
  if (first === undefined || last === undefined) return null;
  const change = Number(last.close) - Number(first.open);
  return {
    from: first.open,
    to: last.close,
    percent: Number(first.open) === 0 ? 0 : (change / Number(first.open)) * 100,
    direction: change > 0 ? 'up' : change < 0 ? 'down' : 'flat',
    spanMs: last.end + 1 - first.start,
  };
}

/**
 * The closes of the candles as points of a curve in a box, `x,y x,y …`, as SVG has it.
 *
 * @param count points at most
 */
export function curveOf(
  candles: readonly Candle[],
  {
    width,
    height,
    count,
  }: { readonly width: number; readonly height: number; readonly count: number },
): string {
  const step = Math.max(1, Math.ceil(candles.length / count));
  // Counted from the newest, so that the others stand still while it moves.
  const closes = candles
    .filter((_, index) => (candles.length - 1 - index) % step === 0)
    .map(({ close }) => Number(close));
  const low = Math.min(...closes);
  const range = Math.max(...closes) - low || 1;
  const room = Math.max(1, closes.length - 1);
  return closes
    .map((close, index) => {
      const x = (index / room) * width;
      const y = height - ((close - low) / range) * height;
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(' ');
}
