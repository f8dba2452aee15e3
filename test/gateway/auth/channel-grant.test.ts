import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channelOf } from '../../../src/candle/channel.ts';
import { INTERVALS } from '../../../src/candle/interval.ts';
import { ALL_CHANNELS, ChannelGrants } from '../../../src/gateway/auth/channel-grant.ts';

const grants = new ChannelGrants();

function allows(patterns: readonly string[], symbol: string, interval: string): boolean {
  const grant = grants.read(patterns);
  if (grant === undefined) throw new Error(`malformed: ${patterns.join(' ')}`);
  const found = INTERVALS.find((candidate) => candidate === interval);
  if (found === undefined) throw new Error(`no interval: ${interval}`);
  return grant.allows(channelOf(symbol, found));
}

describe('a grant of channels', () => {
  it.each([
    ['candles:BTCUSDT:1', 'BTCUSDT', '1', true],
    ['candles:BTCUSDT:1', 'BTCUSDT', '15', false],
    ['candles:BTCUSDT:1', 'BTCUSDT2', '1', false],
    ['candles:BTCUSDT:*', 'BTCUSDT', 'M', true],
    ['candles:BTCUSDT:*', 'ETHUSDT', '1', false],
    ['candles:*:1', 'ETHUSDT', '1', true],
    ['candles:*:1', 'ETHUSDT', '5', false],
    ['candles:*:*', 'ETHUSDT', '5', true],
    ['candles:*USDT:*', 'ETHUSDT', '5', true],
    ['candles:*USDT:*', 'USDT', '5', true],
    ['candles:*USDT:*', 'ETHUSDC', '5', false],
    ['candles:BTC*:5', 'BTCPERP', '5', true],
    ['candles:BTC*:5', 'XBTC', '5', false],
    ['candles:BTC*USDT:5', 'BTC2USDT', '5', true],
    ['candles:AB*BA:5', 'ABA', '5', false],
    ['candles:AB*BA:5', 'ABBA', '5', true],
    ['candles:btcusdt:1m', 'BTCUSDT', '1', true],
    ['candles:btcusdt:1M', 'BTCUSDT', 'M', true],
    ['candles:btcusdt:1M', 'BTCUSDT', '1', false],
    ['candles:*usdt:1h', 'BTCUSDT', '60', true],
  ])('%s, asked for %s in %s: %s', (pattern, symbol, interval, expected) => {
    expect(allows([pattern], symbol, interval)).toBe(expected);
    expect(allows(['candles:NONE:W', pattern], symbol, interval)).toBe(expected);
  });

  it('allows everything without a claim and nothing with an empty one', () => {
    expect(grants.read(undefined)).toBe(ALL_CHANNELS);
    expect(allows([], 'BTCUSDT', '1')).toBe(false);
  });

  it.each([
    ['a text', 'candles:BTCUSDT:1'],
    ['null', null],
    ['a number in the list', [1]],
    ['an object', { 0: 'candles:BTCUSDT:1' }],
    ['another kind', ['trades:BTCUSDT:1']],
    ['a star as kind', ['*:BTCUSDT:1']],
    ['a star alone', ['*']],
    ['two stars in a symbol', ['candles:*BTC*:1']],
    ['no symbol', ['candles::1']],
    ['no interval', ['candles:BTCUSDT']],
    ['an empty interval', ['candles:BTCUSDT:']],
    ['an unknown interval', ['candles:BTCUSDT:2']],
    ['a star within an interval', ['candles:BTCUSDT:1*']],
    ['a fourth segment', ['candles:BTCUSDT:1:2']],
    ['a symbol with another character', ['candles:BTC-USDT:1']],
    ['a symbol that is too long', [`candles:${'A'.repeat(31)}:1`]],
    ['one good and one wrong pattern', ['candles:BTCUSDT:1', 'nonsense']],
    ['more than 100 patterns', Array.from({ length: 101 }, (_, i) => `candles:A${i}:1`)],
  ])('is not made from %s', (_name, claim) => {
    expect(grants.read(claim)).toBeUndefined();
  });

  it('is one object for equal lists, however they are spelled and ordered', () => {
    const grant = grants.read(['candles:BTCUSDT:1', 'candles:*:D']);
    expect(grants.read(['candles:*:1d', 'candles:btcusdt:1m', 'candles:BTCUSDT:1'])).toBe(grant);
    expect(grant?.patterns).toEqual(['candles:*:D', 'candles:BTCUSDT:1']);
    expect(grants.read(['candles:BTCUSDT:1'])).not.toBe(grant);
  });

  it('agrees with a regular expression on every pattern and symbol', () => {
    const letters = fc.string({ unit: fc.constantFrom('A', 'B'), maxLength: 3 });
    const symbols = fc.string({ unit: fc.constantFrom('A', 'B'), minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(letters, letters, symbols, (prefix, suffix, symbol) => {
        const pattern = `candles:${prefix}*${suffix}:*`;
        const expected = new RegExp(`^${prefix}[AB]*${suffix}$`).test(symbol);
        expect(allows([pattern], symbol, '1')).toBe(expected);
      }),
    );
  });
});
