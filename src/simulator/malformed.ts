import { integerBetween, type Random } from './seeded-random.ts';

/** The ways in which a frame can be spoilt. */
export const MALFORMED_KINDS = [
  'truncated',
  'not_json',
  'binary',
  'missing_member',
  'wrong_type',
  'bad_number',
  'no_data',
  'not_an_array',
  'unknown_topic',
  'bad_time',
] as const;
export type MalformedKind = (typeof MALFORMED_KINDS)[number];

interface KlineFrame {
  topic: string;
  data: Record<string, unknown>[] | Record<string, unknown> | null;
}

type Spoiler = (text: string, random: Random) => string | Uint8Array;

const DATA_MEMBERS = ['start', 'open', 'close', 'high', 'low', 'volume', 'confirm'] as const;
const BAD_NUMBERS = ['NaN', '', '1e5', '1,000.5', '-'] as const;

function pick<T>(random: Random, list: readonly [T, ...T[]]): T {
  return list[integerBetween(random, 0, list.length - 1)] ?? list[0];
}

function edited(text: string, edit: (frame: KlineFrame) => void): string {
  const frame = JSON.parse(text) as KlineFrame;
  edit(frame);
  return JSON.stringify(frame);
}

function withEachCandle(text: string, edit: (candle: Record<string, unknown>) => void): string {
  return edited(text, ({ data }) => {
    if (Array.isArray(data)) data.forEach(edit);
  });
}

const SPOILERS: Record<MalformedKind, Spoiler> = {
  truncated: (text, random) => text.slice(0, integerBetween(random, 1, text.length - 1)),
  not_json: () => '<html><body>502 Bad Gateway</body></html>',
  binary: (_, random) => Uint8Array.from({ length: 64 }, () => integerBetween(random, 0, 255)),
  missing_member(text, random) {
    const member = pick(random, DATA_MEMBERS);
    return withEachCandle(text, (candle) => Reflect.deleteProperty(candle, member));
  },
  wrong_type: (text) =>
    withEachCandle(text, (candle) => {
      candle['start'] = String(candle['start']);
      candle['close'] = Number(candle['close']);
      candle['confirm'] = String(candle['confirm']);
    }),
  bad_number: (text, random) =>
    withEachCandle(text, (candle) => {
      candle['close'] = pick(random, BAD_NUMBERS);
    }),
  no_data: (text) =>
    edited(text, (frame) => {
      frame.data = null;
    }),
  not_an_array: (text) =>
    edited(text, (frame) => {
      frame.data = Array.isArray(frame.data) ? (frame.data[0] ?? {}) : {};
    }),
  unknown_topic: (text) =>
    edited(text, (frame) => {
      frame.topic = frame.topic.replace('kline', 'candle');
    }),
  bad_time: (text) =>
    withEachCandle(text, (candle) => {
      candle['start'] = Number(candle['start']) + 1;
    }),
};

/** A spoilt copy of a kline frame. Bytes are to be sent as a binary message. */
export function spoil(text: string, kind: MalformedKind, random: Random): string | Uint8Array {
  return SPOILERS[kind](text, random);
}
