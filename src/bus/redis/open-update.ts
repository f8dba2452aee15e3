import type { Candle } from '../../candle/candle.ts';
import type { Channel } from '../../candle/channel.ts';
import type { BusTimes } from '../../candle/hop-times.ts';
import type { BusCandleMessage, Source } from '../../candle/messages.ts';
import { SpelledUpdate } from '../spelled-update.ts';

const DECIMAL = String.raw`"(-?\d{1,40}(?:\.\d{1,20})?)"`;
const INTEGER = String.raw`(0|[1-9]\d{0,14})`;
const INSTANT = String.raw`((?:0|[1-9]\d{0,14})(?:\.\d{1,9})?)`;

/** What comes behind `messageHead` in an update of an open candle, as `candle-text.ts` spells it. */
const BEHIND_HEAD = new RegExp(
  String.raw`([\w.:-]{1,32})","offset":([1-9]\d{0,14}),"source":"(\w+)","candle":\{` +
    `"start":${INTEGER},"end":${INTEGER},"open":${DECIMAL},"high":${DECIMAL},"low":${DECIMAL},` +
    `"close":${DECIMAL},"volume":${DECIMAL},"turnover":${DECIMAL},"confirm":false\\},` +
    `"times":\\{"exchange":${INSTANT},"ingest":${INSTANT},"published":${INSTANT}\\}\\}$`,
  'y',
);

/**
 * Reads an update of an open candle that is spelled as our own ingest spells it, and has no trace: nearly
 * everything that comes over the bus. It accepts less than the schema does, and of what it accepts it makes the
 * same. Closed candles are left to the schema: these texts would be kept alive by pieces of them for as long
 * as the candles are held.
 *
 * @param head `messageHead` of the channel
 * @returns undefined when the schema has to look at it
 */
export function readOpenUpdate(
  text: string,
  channel: Channel,
  head: string,
  source: Source,
): BusCandleMessage | undefined {
  if (!text.startsWith(head)) return undefined;
  BEHIND_HEAD.lastIndex = head.length;
  const found = BEHIND_HEAD.exec(text) as readonly string[] | null;
  if (found === null || found[3] !== source) return undefined;
  const position = { epoch: found[1] ?? '', offset: Number(found[2]) };
  return new SpelledUpdate(text, channel, position, source, candleOf(found), timesOf(found));
}

function candleOf(found: readonly string[]): Candle {
  const [, , , , start, end, open = '', high = '', low = '', close = ''] = found;
  return {
    start: Number(start),
    end: Number(end),
    open,
    high,
    low,
    close,
    volume: found[10] ?? '',
    turnover: found[11] ?? '',
    confirm: false,
  };
}

function timesOf(found: readonly string[]): BusTimes {
  return {
    exchange: Number(found[12]),
    ingest: Number(found[13]),
    published: Number(found[14]),
  };
}
