import { describe, expect, it } from 'vitest';
import { isWithinBound, longestSilence } from './measure.ts';
import { ReferenceClient } from './reference-client.ts';
import { table } from './table.ts';

/** A client that was given something at these times. */
function clientOf(...times: number[]): ReferenceClient {
  const client = new ReferenceClient({
    name: 'c',
    token: '',
    channels: [],
    gateway: () => '',
    random: () => 0,
  });
  client.receipts.push(...times.map((at) => ({ at, channel: 'c', published: at })));
  return client;
}

describe('the longest silence', () => {
  const clients = [clientOf(0, 10, 50, 60, 200), clientOf(0, 25, 60, 61, 190)];

  it('is that of the client who waited longest, also beyond the ends of the span', () => {
    expect(longestSilence(clients, [12, 20])).toBe(40);
    expect(longestSilence(clients, [-Infinity, Infinity])).toBe(140);
    expect(longestSilence(clients, [300, 400])).toBe(0);
  });

  it('leaves out what touches another span', () => {
    expect(longestSilence(clients, [12, Infinity], [[100, 110]])).toBe(40);
    expect(
      longestSilence(
        clients,
        [12, Infinity],
        [
          [100, 110],
          [30, 40],
        ],
      ),
    ).toBe(25);
  });
});

it('holds a time that never came against its bound', () => {
  expect(isWithinBound({ target: 'takeover', ms: 3_000, of: '' })).toBe(true);
  expect(isWithinBound({ target: 'takeover', ms: 3_001, of: '' })).toBe(false);
  expect(isWithinBound({ target: 'redis', ms: null, of: '' })).toBe(false);
});

it('writes tables with numbers to the right', () => {
  expect(
    table(
      ['fault', 'n'],
      [
        ['killed', 5],
        ['frozen', 12],
      ],
    ),
  ).toBe('| fault  |   n |\n| ------ | --: |\n| killed |   5 |\n| frozen |  12 |');
});
