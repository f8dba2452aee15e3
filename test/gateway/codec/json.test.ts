import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientMessageSchema } from '../../../src/candle/messages.ts';
import { createJsonCodec } from '../../../src/gateway/codec/json.ts';

const codec = createJsonCodec();
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (text: string): ReturnType<typeof codec.decode> => codec.decode(bytes(text), false);

describe('the JSON codec', () => {
  it('reads every type of message', () => {
    const messages = [
      { type: 'subscribe', id: '1', channels: ['candles:BTCUSDT:1'], snapshot: 50 },
      { type: 'subscribe', channels: ['a', 'b'], since: { a: 1745000040000 } },
      { type: 'unsubscribe', channels: ['candles:BTCUSDT:1'] },
      { type: 'ping' },
      { type: 'auth', token: 'x.y.z' },
    ];
    for (const message of messages) {
      expect(decode(JSON.stringify(message))).toEqual({ ok: true, message });
    }
  });

  it('refuses what is not JSON, byte order marks and broken UTF-8 included', () => {
    for (const text of ['', '{', 'ping', '{"type":"ping"}}', '\ufeff{"type":"ping"}']) {
      expect(decode(text)).toMatchObject({ ok: false, code: 'invalid_json' });
    }
    const broken = Uint8Array.of(0x22, 0xc3, 0x28, 0x22);
    expect(codec.decode(broken, false)).toMatchObject({ ok: false, code: 'invalid_json' });
  });

  it('refuses binary messages, whatever is in them', () => {
    expect(codec.decode(bytes('{"type":"ping"}'), true)).toMatchObject({
      ok: false,
      code: 'binary_not_supported',
    });
  });

  it('refuses what has no known type, also names that every object has', () => {
    const texts = [
      'null',
      '7',
      '"ping"',
      '[]',
      '{}',
      '{"type":7}',
      '{"type":"constructor"}',
      '{"type":"__proto__"}',
      '{"__proto__":{"type":"ping"}}',
    ];
    for (const text of texts) {
      expect(decode(text)).toMatchObject({ ok: false, code: 'unknown_type' });
    }
  });

  it.each([
    ['channels', '{"type":"subscribe"}'],
    ['channels', '{"type":"subscribe","channels":[]}'],
    ['channels[1]', '{"type":"unsubscribe","channels":["a",7]}'],
    ['snapshot', '{"type":"subscribe","channels":["a"],"snapshot":1001}'],
    ['snapshot', '{"type":"subscribe","channels":["a"],"snapshot":0.5}'],
    ['since', '{"type":"subscribe","channels":["a"],"since":[]}'],
    [
      'since["candles:BTCUSDT:1"]',
      '{"type":"subscribe","channels":["a"],"since":{"candles:BTCUSDT:1":"x"}}',
    ],
    ['offset', '{"type":"subscribe","channels":["a"],"offset":3}'],
    ['__proto__', '{"type":"ping","__proto__":{"a":1}}'],
    ['token', '{"type":"auth"}'],
    ['id', '{"type":"ping","id":7}'],
    ['id', `{"type":"ping","id":"${'x'.repeat(65)}"}`],
  ])('names the member %s that is wrong', (member, text) => {
    const decoded = decode(text);
    expect(decoded).toMatchObject({ ok: false, code: 'invalid_message' });
    expect(decoded).toHaveProperty('detail', expect.stringContaining(`${member}: `));
  });

  it('repeats the id when it could be read, and only then', () => {
    expect(decode('{"type":"shout","id":"a"}')).toHaveProperty('id', 'a');
    expect(decode('{"type":"subscribe","id":"a"}')).toHaveProperty('id', 'a');
    expect(decode('{"type":"subscribe","id":7}')).not.toHaveProperty('id');
    expect(decode(`{"type":"shout","id":"${'x'.repeat(65)}"}`)).not.toHaveProperty('id');
    expect(decode('{"type":"shout","__proto__":{"id":"a"}}')).not.toHaveProperty('id');
  });

  it('bounds what it repeats of a client text', () => {
    const decoded = decode(`{"type":"ping","${'y'.repeat(5000)}":1}`);
    expect(decoded.ok ? '' : decoded.detail).toHaveLength(240);
  });

  it('survives nesting as deep as a message can hold', () => {
    const deep = '['.repeat(30_000) + ']'.repeat(30_000);
    expect(decode(deep)).toMatchObject({ ok: false, code: 'unknown_type' });
    expect(decode(`{"type":"subscribe","channels":${deep}}`)).toMatchObject({
      ok: false,
      code: 'invalid_message',
    });
  });

  it('never throws, and lets nothing through that the schema refuses', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc
        .record(
          {
            type: fc.constantFrom('subscribe', 'unsubscribe', 'ping', 'auth', 'x'),
            id: fc.oneof(fc.string(), fc.integer()),
            channels: fc.oneof(fc.array(fc.string()), fc.anything()),
            since: fc.dictionary(fc.string(), fc.oneof(fc.integer(), fc.string())),
            token: fc.string(),
          },
          { requiredKeys: ['type'] },
        )
        .map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        const decoded = decode(candidate);
        if (decoded.ok) expect(clientMessageSchema.safeParse(decoded.message).success).toBe(true);
        else expect(decoded.detail).not.toBe('');
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array(), fc.boolean(), (data, isBinary) => {
        expect(codec.decode(data, isBinary)).toHaveProperty('ok');
      }),
    );
  });

  it('writes text that reads back as the same message', () => {
    const frame = codec.encode({ type: 'pong', id: 'a', time: 1.5 });
    expect(frame).toBe('{"type":"pong","id":"a","time":1.5}');
  });
});
