import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { CandleMessage } from '../../../src/candle/messages.ts';
import { createJsonCodec } from '../../../src/gateway/codec/json.ts';
import { BTC, candle } from '../../bus/fixtures.ts';

const number = fc.oneof(fc.nat(), fc.double({ min: 0, max: 2e12, noNaN: true }));
const message = fc
  .record({
    symbol: fc.string({ unit: 'grapheme' }),
    epoch: fc.string({ unit: 'binary' }),
    offset: fc.nat(),
    previous: fc.option(fc.option(fc.nat()), { nil: undefined }),
    isBackfill: fc.boolean(),
    isClosed: fc.boolean(),
    times: fc.record({ exchange: number, ingest: number, published: number, gateway: number }),
    traceparent: fc.constantFrom(
      undefined,
      '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    ),
  })
  .map(({ symbol, epoch, offset, previous, isBackfill, isClosed, times, traceparent }) => {
    const text: CandleMessage = {
      type: 'candle',
      channel: BTC.name,
      symbol,
      interval: '1',
      epoch,
      offset,
      ...(previous === undefined ? {} : { previous }),
      source: 'bybit',
      ...(isBackfill ? { backfill: true } : {}),
      candle: candle(4, isClosed),
      times,
      ...(traceparent === undefined ? {} : { traceparent }),
    };
    return text;
  });

it('spells a candle as JSON.stringify does', () => {
  const codec = createJsonCodec();
  fc.assert(
    fc.property(message, (each) => {
      expect(codec.encode(each)).toBe(JSON.stringify(each));
    }),
  );
});
