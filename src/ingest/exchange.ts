import type { Candle } from '../candle/candle.ts';
import type { Channel, ChannelName } from '../candle/channel.ts';
import type { ClockSample } from '../time/clock-offset.ts';

/**
 * What ingest needs of an exchange. `bybit/` implements it; nothing outside that folder knows the
 * exchange's ways.
 */

/** A candle from the live stream. */
export interface StreamCandle {
  readonly channel: ChannelName;
  readonly candle: Candle;
  /** The exchange's time of the message, ms since 1970 by its clock, untouched. */
  readonly exchange: number;
}

export interface StreamListener {
  /** All candles of one message, in its order. `receivedAt` is our clock's time of its receipt. */
  onCandles(candles: readonly StreamCandle[], receivedAt: number): void;
  /** The exchange sends these channels from now on. */
  onSubscribed(channels: readonly ChannelName[]): void;
  /** These channels are not sent any more, until `onSubscribed` names them again. */
  onLost(channels: readonly ChannelName[]): void;
}

/** The live stream: keeps its connections up for ever, delivers at most once, in any order. */
export interface CandleStream {
  /** Called once. */
  start(listener: StreamListener): void;
  /** Closes all connections; nothing is delivered afterwards. */
  stop(): Promise<void>;
}

/** A range of candles by their starts, both inclusive. */
export interface StartRange {
  readonly from: number;
  readonly to: number;
}

/** An answer of the exchange's history: all candles of the range that exist, the open one included. */
export interface HistoryAnswer {
  /** In order of `start`; `confirm` is not known of any and is false. */
  readonly rows: readonly Candle[];
  /** When the exchange answered, ms since 1970 by its clock. With several pages, the first one's. */
  readonly time: number;
  /** Our clock's time of receipt. */
  readonly receivedAt: number;
}

/** Request and answer. Both reject when the exchange cannot be reached or answers with an error. */
export interface CandleArchive {
  candles(channel: Channel, range: StartRange, signal: AbortSignal): Promise<HistoryAnswer>;
  time(signal: AbortSignal): Promise<ClockSample>;
}
