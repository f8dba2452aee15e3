import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { intervalOf, symbolOf } from '../../src/candle/channel-name.ts';
import {
  serverMessageSchema,
  type ClientMessage,
  type ServerMessage,
} from '../../src/candle/messages.ts';
import { protobuf } from '../../src/client/protobuf.ts';
import { ServerMessageWriter } from '../../src/protobuf/server-messages.ts';
import { valuesOf } from '../support/schema-arbitrary.ts';

interface Vector {
  readonly name: string;
  readonly from: 'server' | 'client';
  readonly hex: string;
  readonly json: ServerMessage | ClientMessage;
}
const vectors = JSON.parse(
  readFileSync(new URL('../../proto/candlegate/v1/vectors.json', import.meta.url), 'utf8'),
) as Vector[];

const bufferOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

/** The client leaves out what it has no use for. */
function asTheClientReads(message: ServerMessage): object {
  if (message.type === 'welcome') return { ...message, limits: undefined };
  if (message.type === 'unsubscribed') return { ...message, channels: undefined };
  if (message.type !== 'candle') return message;
  const { channel } = message;
  return { ...message, symbol: symbolOf(channel), interval: intervalOf(channel) };
}

/** Without what is the same as nothing on the wire. */
function bare(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(bare);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined && member !== '' && member !== 0)
      .map(([name, member]) => [name, bare(member)]),
  );
}

const NOT_RECOVERED: ServerMessage = {
  type: 'subscribed',
  source: 'simulator',
  channels: [
    {
      channel: 'candles:BTCUSDT:M',
      epoch: 'e',
      offset: 1,
      lastClosed: 1,
      state: 'down',
      recovered: false,
    },
  ],
};

describe('protocol buffers of the client', () => {
  it('are those of the test vectors, in the order of one connection', () => {
    const read = protobuf.open();
    for (const { name, from, hex, json } of vectors) {
      if (from !== 'server') continue;
      const message = read(bufferOf(Buffer.from(hex, 'hex')));
      expect(bare(message), name).toEqual(bare(asTheClientReads(json as ServerMessage)));
    }
  });

  it('bring every message of the server as it was', () => {
    fc.assert(
      fc.property(valuesOf(serverMessageSchema), (message) => {
        const bytes = new ServerMessageWriter().write(message, true);
        const read = protobuf.open()(bufferOf(bytes));
        expect(bare(read)).toEqual(bare(asTheClientReads(message)));
      }),
      { numRuns: 200, examples: [[NOT_RECOVERED]] },
    );
  });

  it('refuse what is cut off, and pass over what is not known', () => {
    const read = protobuf.open();
    const [welcome] = vectors.map(({ hex }) => Buffer.from(hex, 'hex'));
    expect(() => read(bufferOf((welcome ?? Buffer.alloc(0)).subarray(0, 9)))).toThrow();
    // Field 99 of a ServerMessage, and a candle with an alias that nothing has explained.
    expect(read(bufferOf(Buffer.from('9a0600', 'hex')))).toBeUndefined();
    expect(() => read(bufferOf(Buffer.from('0a020809', 'hex')))).toThrow();
  });
});
