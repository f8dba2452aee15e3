import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientFrame, FrameCounter } from '../../bench/load/frames.ts';

/** A frame as a server sends it: not masked. */
function serverFrame(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  header[0] = 0x80 | opcode;
  header[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (header.length === 4) header.writeUInt16BE(length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}

const TEXT = 1;
const BINARY = 2;
const CONTINUATION = 0;
const PING = 9;

const frame = fc.record({
  opcode: fc.constantFrom(TEXT, BINARY, CONTINUATION, PING),
  length: fc.oneof(fc.nat(130), fc.constantFrom(65_535, 65_536, 70_000)),
});

describe('counting frames', () => {
  it('counts every message and answers every ping, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 20 }),
        (frames, cuts) => {
          // A ping's payload has at most 125 bytes (RFC 6455, section 5.5).
          const sent = frames.map(({ opcode, length }) => ({
            opcode,
            payload: new Uint8Array(opcode === PING ? length % 126 : length).fill(0x8a),
          }));
          const bytes = Buffer.concat(
            sent.map(({ opcode, payload }) => serverFrame(opcode, payload)),
          );
          let messages = 0;
          const pings: number[] = [];
          const counter = new FrameCounter();
          for (let at = 0, cut = 0; at < bytes.length; cut += 1) {
            const size = cuts[cut % cuts.length] ?? 1;
            const chunk = bytes.subarray(at, at + size);
            counter.read(chunk, chunk.length, {
              data: () => (messages += 1),
              ping: (payload) => pings.push(payload.length),
              closed: () => expect.unreachable(),
            });
            at += size;
          }
          const isMessage = (opcode: number) => opcode === TEXT || opcode === BINARY;
          expect(messages).toBe(sent.filter(({ opcode }) => isMessage(opcode)).length);
          expect(pings).toEqual(
            sent.filter(({ opcode }) => opcode === PING).map(({ payload }) => payload.length),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it('says whether all of a message lies in the chunk, and where', () => {
    const bytes = serverFrame(TEXT, Buffer.from('hello'));
    const seen: unknown[] = [];
    const handler = {
      data: (chunk: Uint8Array, from: number, to: number, isWhole: boolean) =>
        seen.push([Buffer.from(chunk.subarray(from, to)).toString(), isWhole]),
      ping: () => expect.unreachable(),
      closed: () => expect.unreachable(),
    };
    new FrameCounter().read(bytes, bytes.length, handler);
    new FrameCounter().read(bytes, 5, handler);
    expect(seen).toEqual([
      ['hello', true],
      ['hel', false],
    ]);
  });

  it('reports a close', () => {
    const bytes = serverFrame(8, Buffer.from([0x03, 0xe9]));
    let isClosed = false;
    new FrameCounter().read(bytes, bytes.length, {
      data: () => expect.unreachable(),
      ping: () => expect.unreachable(),
      closed: () => (isClosed = true),
    });
    expect(isClosed).toBe(true);
  });

  it('masks what a client sends', () => {
    expect([...clientFrame('text', Buffer.from('40'))]).toEqual([
      0x81, 0x82, 0, 0, 0, 0, 0x34, 0x30,
    ]);
    expect([...clientFrame('text', new Uint8Array(300)).subarray(0, 4)]).toEqual([
      0x81, 0xfe, 0x01, 0x2c,
    ]);
  });
});
