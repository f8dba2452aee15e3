import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFrame } from '../../../src/ingest/bybit/frames.ts';
import {
  categoryOf,
  channelOfTopic,
  shardTopics,
  topicOf,
} from '../../../src/ingest/bybit/topics.ts';
import { closedMinute, minute, startOfMinute } from '../candles.ts';

const REAL =
  '{"topic":"kline.1.BTCUSDT","data":[{"start":1719667560000,"end":1719667619999,"interval":"1","open":"61030","close":"61029.9","high":"61030","low":"61015","volume":"10.798","turnover":"658980.4245","confirm":false,"timestamp":1719667601380}],"ts":1719667601380,"type":"snapshot"}';

function frame(data: unknown, changes: object = {}): string {
  return JSON.stringify({
    topic: 'kline.1.BTCUSDT',
    type: 'snapshot',
    ts: startOfMinute(6) + 200,
    data,
    ...changes,
  });
}
const element = (candle: object): object => ({ interval: '1', timestamp: 1, ...candle });

describe('a frame', () => {
  it('of candles is read with its decimals as they are spelled', () => {
    expect(parseFrame(REAL)).toEqual({
      kind: 'candles',
      topic: 'kline.1.BTCUSDT',
      channel: { name: 'candles:BTCUSDT:1', symbol: 'BTCUSDT', interval: '1' },
      exchange: 1719667601380,
      candles: [
        {
          start: 1719667560000,
          end: 1719667619999,
          open: '61030',
          high: '61030',
          low: '61015',
          close: '61029.9',
          volume: '10.798',
          turnover: '658980.4245',
          confirm: false,
        },
      ],
      bad: [],
    });
  });

  it('may hold a closing and an opening candle, and each is judged on its own', () => {
    const data = [
      element(closedMinute(5)),
      element(minute(6, { open: 'NaN' })),
      element(minute(6)),
      null,
    ];
    expect(parseFrame(frame(data))).toMatchObject({
      candles: [closedMinute(5), minute(6)],
      bad: ['invalid_candle', 'invalid_candle'],
    });
  });

  it.each([
    ['a start between two candles', minute(5, { start: startOfMinute(5) + 1 }), 'misaligned_start'],
    ['an end of another interval', minute(5, { end: startOfMinute(10) - 1 }), 'wrong_end'],
    ['a start that lies ahead', minute(8), 'future_start'],
    ['a confirmation long before the end', closedMinute(6), 'early_confirm'],
    ['another interval than its topic', { ...minute(5), interval: '5' }, 'invalid_candle'],
    ['a price that is a number', { ...minute(5), open: 84512.3 }, 'invalid_candle'],
    ['a price with an exponent', minute(5, { open: '8e4' }), 'invalid_candle'],
  ])('with %s gives no candle', (_, candle, reason) => {
    expect(parseFrame(frame([element(candle)]))).toMatchObject({ candles: [], bad: [reason] });
  });

  it.each([
    ['{', 'not_json'],
    ['', 'not_json'],
    ['17', 'unknown_shape'],
    ['null', 'unknown_shape'],
    [frame([]), 'unknown_shape'],
    [frame([element(minute(5))], { ts: '1' }), 'unknown_shape'],
    [frame([element(minute(5))], { topic: 'tickers.BTCUSDT' }), 'unknown_topic'],
    [frame([element(minute(5))], { topic: 'kline.7.BTCUSDT' }), 'unknown_topic'],
    ['{"success":false,"ret_msg":"error:invalid op","op":""}', 'refused_request'],
    ['{"hello":1}', 'unknown_shape'],
  ])('%s is bad', (text, reason) => {
    expect(parseFrame(text)).toEqual({ kind: 'bad', reason });
  });

  it('that answers a request is told apart from a pong', () => {
    expect(
      parseFrame('{"success":true,"ret_msg":"","conn_id":"c","req_id":"3","op":"subscribe"}'),
    ).toEqual({ kind: 'ack', success: true, message: '', requestId: '3' });
    expect(
      parseFrame('{"success":true,"ret_msg":"pong","conn_id":"c","req_id":"","op":"ping"}'),
    ).toEqual({ kind: 'pong' });
    expect(parseFrame('{"op":"pong"}')).toEqual({ kind: 'pong' });
  });

  it('never throws, whatever it holds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parseFrame(text).kind).toBeTypeOf('string');
      }),
    );
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('topic', 'data', 'ts', 'op'), fc.jsonValue()),
        (members) => {
          expect(parseFrame(JSON.stringify(members)).kind).toBeTypeOf('string');
        },
      ),
    );
  });
});

describe('topics', () => {
  it('name a channel and are read back', () => {
    const channel = channelOfTopic('kline.240.ETHUSDT');
    expect(channel?.name).toBe('candles:ETHUSDT:240');
    expect(channel && topicOf(channel)).toBe('kline.240.ETHUSDT');
    for (const wrong of ['kline.1', 'kline.1.btc', 'kline.1m.BTCUSDT', 'kline.1.A.B']) {
      expect(channelOfTopic(wrong)).toBeNull();
    }
  });

  it('are divided over connections without loss, each within the limit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1, maxLength: 20 }), { maxLength: 60 }),
        fc.integer({ min: 23, max: 200 }),
        (topics, limit) => {
          const shards = shardTopics(topics, limit);
          expect(shards.flat()).toEqual(topics);
          for (const shard of shards) {
            const chars = shard.reduce((sum, topic) => sum + topic.length + 3, 0);
            expect(chars).toBeLessThanOrEqual(limit);
          }
        },
      ),
    );
    expect(() => shardTopics(['kline.1.BTCUSDT'], 10)).toThrow(RangeError);
  });

  it('belong to a category that the address names', () => {
    expect(categoryOf('wss://stream.bybit.com/v5/public/linear')).toBe('linear');
    expect(categoryOf('ws://127.0.0.1:1/v5/public/spot/')).toBe('spot');
    expect(categoryOf('ws://127.0.0.1:1')).toBe('linear');
  });
});
