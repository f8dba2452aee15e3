import { z } from 'zod';
import { candleSchema, timestampSchema, type Candle } from '../../candle/candle.ts';
import type { Channel } from '../../candle/channel.ts';
import { endOf, isAligned } from '../../candle/interval.ts';
import { channelOfTopic } from './topics.ts';

/**
 * What Bybit sends on a v5 public connection, read into typed events.
 * https://bybit-exchange.github.io/docs/v5/websocket/public/kline
 */

/** Why a frame, or one candle in it, was not taken. */
export const BAD_FRAME_REASONS = [
  'not_json',
  'binary',
  'unknown_shape',
  'unknown_topic',
  'invalid_candle',
  'misaligned_start',
  'wrong_end',
  'future_start',
  'early_confirm',
  'refused_request',
] as const;
export type BadFrameReason = (typeof BAD_FRAME_REASONS)[number];

export interface CandlesFrame {
  readonly kind: 'candles';
  readonly topic: string;
  readonly channel: Channel;
  /** The top-level `ts`; a candle's own `timestamp` is the last trade's and ages in a quiet market. */
  readonly exchange: number;
  readonly candles: readonly Candle[];
  /** One for each element that was not taken. */
  readonly bad: readonly BadFrameReason[];
}

export interface AckFrame {
  readonly kind: 'ack';
  readonly success: boolean;
  readonly message: string;
  readonly requestId: string;
}

export type BybitFrame =
  | CandlesFrame
  | AckFrame
  | { readonly kind: 'pong' }
  | { readonly kind: 'bad'; readonly reason: BadFrameReason };

const klineFrameSchema = z.object({
  topic: z.string(),
  ts: timestampSchema,
  data: z.array(z.unknown()).min(1),
});

const answerSchema = z.object({
  op: z.string().optional(),
  success: z.boolean().optional(),
  ret_msg: z.string().optional(),
  req_id: z.string().optional(),
});

const klineElementSchema = candleSchema.extend({ interval: z.string() });

/** Differences within the exchange that are forgiven, ms. */
const TOLERANCE_MS = 1_000;

/** Reads one text frame. Never throws. */
export function parseFrame(text: string): BybitFrame {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: 'bad', reason: 'not_json' };
  }
  if (typeof json !== 'object' || json === null) return { kind: 'bad', reason: 'unknown_shape' };
  return 'topic' in json ? parseKline(json) : parseAnswer(json);
}

function parseKline(json: object): BybitFrame {
  const frame = klineFrameSchema.safeParse(json);
  if (!frame.success) return { kind: 'bad', reason: 'unknown_shape' };
  const { topic, ts, data } = frame.data;
  const channel = channelOfTopic(topic);
  if (channel === null) return { kind: 'bad', reason: 'unknown_topic' };
  const candles: Candle[] = [];
  const bad: BadFrameReason[] = [];
  for (const element of data) {
    const candle = parseElement(element, channel, ts);
    if (typeof candle === 'string') bad.push(candle);
    else candles.push(candle);
  }
  return { kind: 'candles', topic, channel, exchange: ts, candles, bad };
}

/** Each element is judged on its own: a closing and an opening candle may share a frame. */
function parseElement(element: unknown, channel: Channel, ts: number): Candle | BadFrameReason {
  const parsed = klineElementSchema.safeParse(element);
  if (!parsed.success) return 'invalid_candle';
  const { interval, ...candle } = parsed.data;
  if (interval !== channel.interval) return 'invalid_candle';
  if (!isAligned(channel.interval, candle.start)) return 'misaligned_start';
  if (candle.end !== endOf(channel.interval, candle.start)) return 'wrong_end';
  // Once such a candle were taken, everything true would be older.
  if (candle.start > ts + TOLERANCE_MS) return 'future_start';
  if (candle.confirm && ts < candle.end - TOLERANCE_MS) return 'early_confirm';
  return candle;
}

function parseAnswer(json: object): BybitFrame {
  const answer = answerSchema.safeParse(json);
  if (!answer.success) return { kind: 'bad', reason: 'unknown_shape' };
  const { op, success, ret_msg: message = '', req_id: requestId = '' } = answer.data;
  if (op === 'pong' || message === 'pong') return { kind: 'pong' };
  if (op === 'subscribe' && success !== undefined) {
    return { kind: 'ack', success, message, requestId };
  }
  return { kind: 'bad', reason: success === false ? 'refused_request' : 'unknown_shape' };
}
