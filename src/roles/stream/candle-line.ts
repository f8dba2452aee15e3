import type { Candle } from '../../candle/candle.ts';
import { sinceExchangeMs } from '../../candle/exchange-clock.ts';
import { roundToMicrosecond } from '../../candle/hop-times.ts';
import type { CandleMessage, ServerMessageOf } from '../../candle/messages.ts';

/** A candle as it came: live, or as part of a snapshot. */
export interface ReceivedCandle {
  readonly message: CandleMessage | ServerMessageOf<'snapshot'>;
  readonly candle: Candle;
  /** Ms since 1970 by this machine's clock. */
  readonly receivedAt: number;
}

/** One line without its line break. */
export type CandleFormat = (received: ReceivedCandle) => string;

function isLive(message: ReceivedCandle['message']): message is CandleMessage {
  return message.type === 'candle' && message.backfill !== true;
}

/**
 * From the exchange's time to receipt here, in ms; it crosses clocks, so it may be off by their
 * difference. Null for what was not streamed live, whose age says nothing about latency, and where the
 * exchange's clock is not ours, so that it cannot be measured.
 */
function latencyMs({ message, receivedAt }: ReceivedCandle): number | null {
  if (!isLive(message)) return null;
  const ms = sinceExchangeMs(message.times.exchange, receivedAt);
  return ms === null ? null : roundToMicrosecond(ms);
}

/**
 * JSON lines: a live candle's message as it came, or the part of a snapshot that is about one candle,
 * with `receivedAt` and `latencyMs` added.
 */
export const jsonLine: CandleFormat = (received) => {
  const { message, candle, receivedAt } = received;
  const facts =
    message.type === 'candle'
      ? message
      : {
          type: message.type,
          channel: message.channel,
          source: message.source,
          ...(message.replay === true ? { replay: true } : {}),
          candle,
        };
  return JSON.stringify({ ...facts, receivedAt, latencyMs: latencyMs(received) });
};

const COLUMNS = [
  ['received (UTC)', 14],
  ['channel', 22],
  ['start (UTC)', 16],
  ['open', 12],
  ['high', 12],
  ['low', 12],
  ['close', 12],
  ['state', 6],
  ['latency', 10],
] as const;
const RIGHT_ALIGNED = new Set<string>(['open', 'high', 'low', 'close', 'latency']);

function joinCells(cells: readonly string[]): string {
  return COLUMNS.map(([name, width], index) => {
    const cell = cells[index] ?? '';
    return RIGHT_ALIGNED.has(name) ? cell.padStart(width) : cell.padEnd(width);
  })
    .join('  ')
    .trimEnd();
}

export const TABLE_HEADER = joinCells(COLUMNS.map(([name]) => name));

export const tableLine: CandleFormat = (received) => {
  const { message, candle, receivedAt } = received;
  const latency = latencyMs(received);
  return joinCells([
    new Date(receivedAt).toISOString().slice(11, 23),
    message.channel,
    new Date(candle.start).toISOString().slice(0, 16).replace('T', ' '),
    candle.open,
    candle.high,
    candle.low,
    candle.close,
    candle.confirm ? 'closed' : 'open',
    latency !== null ? `${latency.toFixed(1)} ms` : isLive(message) ? '-' : message.type,
  ]);
};
