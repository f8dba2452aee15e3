import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeMessage, messageHead, type MessageContent } from '../../../src/bus/candle-text.ts';
import { createCandleParser, parseCandle } from '../../../src/bus/redis/message-parser.ts';
import { readOpenUpdate } from '../../../src/bus/redis/open-update.ts';
import { SpelledUpdate } from '../../../src/bus/spelled-update.ts';
import type { BusCandleMessage } from '../../../src/candle/messages.ts';
import { BTC, candle, minute } from '../fixtures.ts';

const HEAD = messageHead(BTC);
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const decimal = fc
  .tuple(fc.boolean(), fc.bigInt(0n, 10n ** 20n), fc.stringMatching(/^\d{0,8}$/))
  .map(([isNegative, whole, digits]) => {
    return `${isNegative ? '-' : ''}${whole}${digits === '' ? '' : `.${digits}`}`;
  });
const instant = fc.nat(2 ** 50).map((micros) => micros / 1_000);
const update = fc
  .record({
    offset: fc.integer({ min: 1, max: 2 ** 49 }),
    epoch: fc.stringMatching(/^[\w.:-]{1,32}$/),
    prices: fc.array(decimal, { minLength: 6, maxLength: 6 }),
    times: fc.record({ exchange: instant, ingest: instant, published: instant }),
    isTraced: fc.boolean(),
  })
  .map(({ offset, epoch, prices, times, isTraced }) => {
    const [open = '', high = '', low = '', close = '', volume = '', turnover = ''] = prices;
    const values = { open, high, low, close, volume, turnover };
    return composeMessage(
      {
        channel: BTC,
        source: 'bybit',
        candle: { ...candle(4, false), ...values },
        times,
        backfill: false,
        traceparent: isTraced ? TRACE : undefined,
      },
      { epoch, offset },
    );
  });

const CONTENT: MessageContent = {
  channel: BTC,
  source: 'bybit',
  candle: candle(4, false),
  times: { exchange: minute(4), ingest: minute(4), published: minute(4) },
  backfill: false,
};

const parse = createCandleParser(BTC, 'bybit');
const read = (text: string) => readOpenUpdate(text, BTC, HEAD, 'bybit');

/** What a parser makes of a text. */
function outcome(reader: (text: string) => BusCandleMessage, text: string): unknown {
  try {
    return reader(text);
  } catch {
    return 'refused';
  }
}

describe('reading an update of an open candle by its spelling', () => {
  it('makes of every update of ours what the schema makes of it', () => {
    fc.assert(
      fc.property(update, (message) => {
        const text = JSON.stringify(message);
        const bySpelling = read(text);
        expect(bySpelling).toEqual(message.traceparent === undefined ? message : undefined);
        expect(parse(text)).toEqual(parseCandle(text, BTC, 'bybit'));
        if (bySpelling === undefined) return;
        const { times, ...rest } = message;
        const delivered = { ...rest, times: { ...times, gateway: 1.5 } };
        expect(SpelledUpdate.textWith(bySpelling, 1.5)).toBe(JSON.stringify(delivered));
      }),
    );
  });

  it('keeps no text of what the schema has read', () => {
    const message = composeMessage(CONTENT, { epoch: 'e', offset: 1 });
    expect(SpelledUpdate.textWith(message, 1.5)).toBeUndefined();
  });

  it('takes nothing that the schema refuses or reads in another way, whatever is changed in the text', () => {
    const piece = fc.constantFrom(
      ...['"', '}', ',', '-', '.', '0', '00', 'e5', ' ', '\\u0030', 'null', 'true', '99999999999'],
      ...['"previous":null,', '"x":1,', '"start":-1,', 'bybit', 'simulator', TRACE, 'é', ''],
    );
    const place = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(update, place, fc.nat(14), piece, (message, at, length, inserted) => {
        const text = JSON.stringify(message);
        const from = Math.floor(at * text.length);
        const changed = text.slice(0, from) + inserted + text.slice(from + length);
        const bySchema = outcome((each) => parseCandle(each, BTC, 'bybit'), changed);
        expect(outcome(parse, changed)).toEqual(bySchema);
        expect([undefined, bySchema]).toContainEqual(read(changed));
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes no spelling of any member that the schema refuses or reads in another way', () => {
    const spellings = [
      '',
      '5',
      '05',
      '-5',
      '+5',
      '.5',
      '5.',
      '-',
      '5.5',
      '5e5',
      '0x5',
      ' 5',
      '5,5',
    ];
    const long = ['5'.repeat(70), '9007199254740993', '5.'.padEnd(30, '5'), 'null', '"5"', '{}'];
    const text = JSON.stringify(composeMessage(CONTENT, { epoch: 'e', offset: 1 }));
    const members = [...text.matchAll(/"\w+":("?)([^",{}]*)\1(?=[,}])/g)];
    expect(members).toHaveLength(19);
    for (const { 0: member, 1: quote, 2: value = '', index } of members) {
      const at = index + member.length - (quote?.length ?? 0) - value.length;
      for (const spelling of [...spellings, ...long]) {
        const changed = text.slice(0, at) + spelling + text.slice(at + value.length);
        const bySchema = outcome((each) => parseCandle(each, BTC, 'bybit'), changed);
        expect([undefined, bySchema], changed).toContainEqual(read(changed));
      }
    }
  });

  it('leaves closed candles, other channels and other sources to the schema', () => {
    const position = { epoch: 'e', offset: 1 };
    const text = (more: Partial<MessageContent>) =>
      JSON.stringify(composeMessage({ ...CONTENT, ...more }, position));
    expect(read(text({}))).toBeDefined();
    expect(read(text({ candle: candle(4, true) }))).toBeUndefined();
    expect(read(text({ source: 'simulator' }))).toBeUndefined();
    expect(read(text({ backfill: true }))).toBeUndefined();
    expect(read(text({}).replace('BTCUSDT:1', 'BTCUSDT:5'))).toBeUndefined();
    expect(() => parse(text({ source: 'simulator' }))).toThrow(/out of place/);
  });
});
