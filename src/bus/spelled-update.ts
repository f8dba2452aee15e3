import type { Candle } from '../candle/candle.ts';
import type { Channel } from '../candle/channel.ts';
import type { BusTimes } from '../candle/hop-times.ts';
import type { BusCandleMessage, Source } from '../candle/messages.ts';

/** What `composeMessage` ends with where there is no trace: its times and the message. */
const CLOSING = '}}';

/**
 * An update of an open candle that keeps its JSON, spelled as `candle-text.ts` does and without a trace: what
 * clients get of it is a copy with one more number.
 */
export class SpelledUpdate implements BusCandleMessage {
  readonly type = 'candle';
  readonly channel: Channel['name'];
  readonly symbol: string;
  readonly interval: Channel['interval'];
  readonly epoch: string;
  readonly offset: number;
  readonly source: Source;
  readonly candle: Candle;
  readonly times: BusTimes;
  readonly #text: string;

  constructor(
    text: string,
    channel: Channel,
    position: { readonly epoch: string; readonly offset: number },
    source: Source,
    candle: Candle,
    times: BusTimes,
  ) {
    this.#text = text;
    this.channel = channel.name;
    this.symbol = channel.symbol;
    this.interval = channel.interval;
    this.epoch = position.epoch;
    this.offset = position.offset;
    this.source = source;
    this.candle = candle;
    this.times = times;
  }

  /**
   * The JSON of a message with the gateway's time.
   *
   * @returns undefined for one that does not keep its JSON
   */
  static textWith(message: BusCandleMessage, gateway: number): string | undefined {
    if (!(#text in message)) return undefined;
    return `${message.#text.slice(0, -CLOSING.length)},"gateway":${gateway}${CLOSING}`;
  }
}
