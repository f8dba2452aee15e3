import type { Candle } from '../candle/candle.ts';
import type { Channel } from '../candle/channel.ts';
import type { BusTimes } from '../candle/hop-times.ts';
import type { BusCandleMessage, Source } from '../candle/messages.ts';

/**
 * The `candle` message of PROTOCOL.md as it travels on the bus, members in the order shown there. It
 * is made in two ways that give the same text: whole, and as two pieces between which the store puts
 * the position, which only the store knows.
 */

/** All of a message but its position. */
export interface MessageContent {
  readonly channel: Channel;
  readonly source: Source;
  readonly candle: Candle;
  readonly times: BusTimes;
  readonly backfill: boolean;
  readonly traceparent?: string | undefined;
}

export interface MessagePosition {
  readonly epoch: string;
  readonly offset: number;
  /** Closed candles only: `start` of the one before, or null when that is not known. */
  readonly previous?: number | null;
}

function beforePosition({ name, symbol, interval }: Channel) {
  return { type: 'candle', channel: name, symbol, interval } as const;
}

function afterPosition({ source, candle, times, backfill, traceparent }: MessageContent) {
  const { start, end, open, high, low, close, volume, turnover, confirm } = candle;
  const { exchange, ingest, published } = times;
  return {
    source,
    ...(backfill ? { backfill: true as const } : {}),
    candle: { start, end, open, high, low, close, volume, turnover, confirm },
    times: { exchange, ingest, published },
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

/** The whole message. */
export function composeMessage(
  content: MessageContent,
  position: MessagePosition,
): BusCandleMessage {
  const { epoch, offset, previous } = position;
  return {
    ...beforePosition(content.channel),
    epoch,
    offset,
    ...(previous === undefined ? {} : { previous }),
    ...afterPosition(content),
  };
}

/**
 * What comes before the name of the epoch; behind it the store writes `","offset":`, the offset, and
 * for closed candles `,"previous":` with a number or null.
 */
export function messageHead(channel: Channel): string {
  return `${JSON.stringify(beforePosition(channel)).slice(0, -1)},"epoch":"`;
}

/** What comes behind the position. */
export function messageTail(content: MessageContent): string {
  return `,${JSON.stringify(afterPosition(content)).slice(1)}`;
}
