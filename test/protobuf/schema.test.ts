import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FEED_STATES, SOURCES } from '../../src/candle/feed.ts';
import { FIELDS } from '../../src/protobuf/fields.ts';

const FOLDER = new URL('../../proto/candlegate/v1/', import.meta.url);
const schema = readFileSync(new URL('candlegate.proto', FOLDER), 'utf8').replaceAll(/\/\/.*/g, '');

/** Name and body of every block of a kind that stands at the left margin. */
function blocks(kind: string): [string, string][] {
  const pattern = new RegExp(`^${kind} (\\w+) \\{([^]*?)^\\}`, 'gm');
  return [...schema.matchAll(pattern)].map(([, name = '', body = '']) => [name, body]);
}

function numbered(body: string): [string, number][] {
  return [...body.matchAll(/(\w+) = (\d+);/g)].map(([, name = '', number]) => [
    name,
    Number(number),
  ]);
}

const camelCase = (name: string): string =>
  name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

describe('candlegate.proto', () => {
  it('has the messages and field numbers that the code uses', () => {
    const declared = schema
      .split(/^message /m)
      .slice(1)
      .map((text) => {
        const [name = ''] = text.split(' ');
        const body = text.split(/^enum /m)[0] ?? '';
        return [
          name,
          Object.fromEntries(numbered(body).map(([field, n]) => [camelCase(field), n])),
        ];
      });
    expect(Object.fromEntries(declared)).toEqual(FIELDS);
  });

  it('has the same sources and states', () => {
    const enums = Object.fromEntries(blocks('enum').map(([name, body]) => [name, numbered(body)]));
    expect(enums['Source']).toEqual(
      SOURCES.map((source, index) => [`SOURCE_${source.toUpperCase()}`, index]),
    );
    expect(enums['FeedState']).toEqual(
      ['unspecified', ...FEED_STATES].map((state, index) => [
        `FEED_STATE_${state.toUpperCase()}`,
        index,
      ]),
    );
  });
});
