import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientMessageSchema, type CandleMessage } from '../../../src/candle/messages.ts';
import { createProtobufCodec } from '../../../src/gateway/codec/protobuf.ts';
import { writeClientMessage } from '../../../src/protobuf/client-messages.ts';
import { FIELDS } from '../../../src/protobuf/fields.ts';
import { ServerMessageReader } from '../../../src/protobuf/server-messages.ts';
import { WireWriter } from '../../../src/protobuf/wire-writer.ts';
import { valuesOf } from '../../support/schema-arbitrary.ts';

const codec = createProtobufCodec();

/** A ClientMessage written field by field. */
function written(write: (writer: WireWriter) => void): Uint8Array {
  const writer = new WireWriter();
  write(writer);
  return writer.finish();
}

/** A body of a ClientMessage, with the id `a`. */
function body(
  name: Exclude<keyof typeof FIELDS.ClientMessage, 'id'>,
  write: (writer: WireWriter) => void,
): Uint8Array {
  return written((writer) => {
    writer.string(FIELDS.ClientMessage.id, 'a');
    const start = writer.beginMessage(FIELDS.ClientMessage[name]);
    write(writer);
    writer.endMessage(start);
  });
}

describe('the protobuf codec', () => {
  it('goes by the type of a message, not by what is in it', () => {
    const ping = writeClientMessage({ type: 'ping' });
    const text = new TextEncoder().encode('{"type":"ping"}');
    const read = { ok: true, message: { type: 'ping' } };
    expect(codec.decode(ping, true)).toEqual(read);
    expect(codec.decode(text, false)).toEqual(read);
    expect(codec.decode(ping, false)).toMatchObject({ ok: false, code: 'invalid_json' });
    expect(codec.decode(text, true)).toMatchObject({ ok: false, code: 'invalid_message' });
  });

  it('reads every message as text as it reads it in binary', () => {
    fc.assert(
      fc.property(valuesOf(clientMessageSchema), (message) => {
        const text = new TextEncoder().encode(JSON.stringify(message));
        expect(codec.decode(text, false)).toEqual({ ok: true, message });
      }),
      { numRuns: 200 },
    );
  });

  it('refuses bytes that are no ClientMessage', () => {
    const cutOff = writeClientMessage({ type: 'auth', token: 'x.y.z' }).slice(0, -1);
    const texts = ['{"type":"ping"}', '\u0000', 'aa'].map((text) => new TextEncoder().encode(text));
    for (const bytes of [cutOff, ...texts]) {
      const decoded = codec.decode(bytes, true);
      expect(decoded).toMatchObject({ ok: false, code: 'invalid_message' });
      expect(decoded).toHaveProperty('detail', expect.stringContaining('No ClientMessage: '));
    }
  });

  it('refuses what has no body that is known, and repeats its id', () => {
    expect(codec.decode(new Uint8Array(0), true)).toMatchObject({ code: 'unknown_type' });
    const unknown = written((writer) => {
      writer.string(FIELDS.ClientMessage.id, 'a');
      writer.optionalString(1000, '');
    });
    expect(codec.decode(unknown, true)).toMatchObject({ code: 'unknown_type', id: 'a' });
  });

  it.each<[string, Uint8Array]>([
    ['channels', body('subscribe', () => undefined)],
    [
      'channels[0]',
      body('unsubscribe', (w) => w.string(FIELDS.Unsubscribe.channels, 'x'.repeat(81))),
    ],
    [
      'snapshot',
      body('subscribe', (w) => {
        w.string(FIELDS.Subscribe.channels, 'a');
        w.uint(FIELDS.Subscribe.snapshot, 1001);
      }),
    ],
    ['ping.9', body('ping', (w) => w.uint(9, 1))],
    [
      'subscribe.9',
      body('subscribe', (w) => {
        w.string(FIELDS.Subscribe.channels, 'a');
        w.uint(9, 1);
      }),
    ],
    ['token', body('auth', (w) => w.string(FIELDS.Auth.token, 'x'.repeat(8193)))],
  ])('names the member %s that is wrong, and repeats the id', (member, bytes) => {
    const decoded = codec.decode(bytes, true);
    expect(decoded).toMatchObject({ ok: false, code: 'invalid_message', id: 'a' });
    expect(decoded).toHaveProperty('detail', expect.stringContaining(`${member}: `));
  });

  it('never throws, and lets nothing through that the schema refuses', () => {
    const message = writeClientMessage({
      type: 'subscribe',
      id: 'a',
      channels: ['candles:BTCUSDT:1'],
      since: { 'candles:BTCUSDT:1': 1_745_000_040_000 },
    });
    const broken = fc.tuple(fc.nat(message.length - 1), fc.nat(255)).map(([at, byte]) => {
      const copy = message.slice();
      copy[at] = byte;
      return copy;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), broken), fc.boolean(), (data, isBinary) => {
        const decoded = codec.decode(data, isBinary);
        if (decoded.ok) expect(clientMessageSchema.safeParse(decoded.message).success).toBe(true);
        else expect(decoded.detail).not.toBe('');
      }),
    );
  });
});

describe('an alias', () => {
  const candle = (epoch: string, channel: 'candles:BTCUSDT:1' | 'candles:ETHUSDT:1') =>
    ({
      type: 'candle',
      channel,
      symbol: channel.slice(8, 15),
      interval: '1',
      epoch,
      offset: 1,
      source: 'bybit',
      candle: {
        start: 1_745_000_040_000,
        end: 1_745_000_099_999,
        open: '1',
        high: '1',
        low: '1',
        close: '1',
        volume: '1',
        turnover: '1',
        confirm: false,
      },
      times: { exchange: 1, ingest: 2, published: 3, gateway: 4 },
    }) satisfies CandleMessage;

  it('stands for one channel in one epoch, also when an older epoch comes back', () => {
    const gateway = createProtobufCodec();
    const reader = new ServerMessageReader();
    const messages = [
      candle('e1', 'candles:BTCUSDT:1'),
      candle('e1', 'candles:ETHUSDT:1'),
      candle('e2', 'candles:BTCUSDT:1'),
    ];
    for (const message of messages) reader.read(gateway.encode(message) as Uint8Array);
    for (const message of messages) {
      const bytes = gateway.encode(message, { knowsEpoch: true }) as Uint8Array;
      expect(reader.read(bytes)).toEqual(message);
    }
  });

  it('is explained unless it is said that it need not be', () => {
    const gateway = createProtobufCodec();
    const message = candle('e1', 'candles:BTCUSDT:1');
    expect(new ServerMessageReader().read(gateway.encode(message) as Uint8Array)).toEqual(message);
    const bare = gateway.encode(message, { knowsEpoch: true }) as Uint8Array;
    expect(() => new ServerMessageReader().read(bare)).toThrow('alias 1 has not been explained');
  });
});
