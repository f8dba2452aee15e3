import type { Channel } from '../../candle/channel.ts';
import type { BusCandleMessage, Source } from '../../candle/messages.ts';

const DECIMAL = String.raw`"(-?\d{1,40}(?:\.\d{1,20})?)"`;
const INTEGER = String.raw`(0|[1-9]\d{0,14})`;
const INSTANT = String.raw`((?:0|[1-9]\d{0,14})(?:\.\d{1,9})?)`;

/** What comes behind `messageHead` in an update of an open candle, as `candle-text.ts` spells it. */
const BEHIND_HEAD = new RegExp(
  String.raw`([\w.:-]{1,32})","offset":([1-9]\d{0,14}),"source":"(\w+)","candle":\{` +
    `"start":${INTEGER},"end":${INTEGER},"open":${DECIMAL},"high":${DECIMAL},"low":${DECIMAL},` +
    `"close":${DECIMAL},"volume":${DECIMAL},"turnover":${DECIMAL},"confirm":false\\},` +
    `"times":\\{"exchange":${INSTANT},"ingest":${INSTANT},"published":${INSTANT}\\}` +
    `(?:,"traceparent":"(00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})")?\\}$`,
  'y',
);

/**
 * Reads an update of an open candle that is spelled as our own ingest spells it: nearly everything that
 * comes over the bus. It accepts less than the schema does, and of what it accepts it makes the same.
 * Closed candles are left to the schema: these texts would be kept alive by pieces of them for as long as
 * the candles are held.
 *
 * @param head `messageHead` of the channel
 * @returns undefined when the schema has to look at it
 */
export function readOpenUpdate(
  text: string,
  { name, symbol, interval }: Channel,
  head: string,
  source: Source,
): BusCandleMessage | undefined {
  if (!text.startsWith(head)) return undefined;
  BEHIND_HEAD.lastIndex = head.length;
  const found = BEHIND_HEAD.exec(text) as readonly string[] | null;
  if (found === null || found[3] !== source) return undefined;
  const [, epoch = '', offset, , start, end, open = '', high = '', low = '', close = ''] = found;
  const [volume = '', turnover = '', exchange, ingest, published, traceparent] = found.slice(10);
  const message: { -readonly [Key in keyof BusCandleMessage]: BusCandleMessage[Key] } = {
    type: 'candle',
    channel: name,
    symbol,
    interval,
    epoch,
    offset: Number(offset),
    source,
    candle: {
      start: Number(start),
      end: Number(end),
      open,
      high,
      low,
      close,
      volume,
      turnover,
      confirm: false,
    },
    times: { exchange: Number(exchange), ingest: Number(ingest), published: Number(published) },
  };
  // Not a spread, which would build each message anew, member by member.
  if (traceparent !== undefined) message.traceparent = traceparent;
  return message;
}
