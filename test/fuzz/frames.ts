import { deflateRawSync } from 'node:zlib';
import type { Dice } from '../faults/dice.ts';
import { INVALID_UTF8, mutateBytes, mutateValue, randomBytes } from './mutate.ts';

/** RFC 6455, section 5.2. */
const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

export interface FrameOptions {
  readonly opcode?: number;
  readonly final?: boolean;
  /** The three reserved bits, as 0x40, 0x20, 0x10. */
  readonly reserved?: number;
  readonly masked?: boolean;
  /** A length that is stated instead of the true one, in 8 bytes. */
  readonly statedLength?: bigint;
}

/** One frame as a client writes it. */
export function frame(payload: Buffer, options: FrameOptions = {}): Buffer {
  const { opcode = TEXT, final = true, reserved = 0, masked = true, statedLength } = options;
  const first = (final ? 0x80 : 0) | reserved | opcode;
  const maskBit = masked ? 0x80 : 0;
  const { length } = payload;
  let head: Buffer;
  if (statedLength !== undefined) {
    head = Buffer.alloc(10);
    head.writeUInt8(maskBit | 127, 1);
    head.writeBigUInt64BE(statedLength, 2);
  } else if (length < 126) {
    head = Buffer.from([0, maskBit | length]);
  } else if (length < 65_536) {
    head = Buffer.from([0, maskBit | 126, length >> 8, length & 255]);
  } else {
    head = Buffer.alloc(10);
    head.writeUInt8(maskBit | 127, 1);
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  head.writeUInt8(first, 0);
  // The mask is zero: what it hides from is not in question here.
  return masked ? Buffer.concat([head, Buffer.alloc(4), payload]) : Buffer.concat([head, payload]);
}

/** What is written in one go. */
export interface Burst {
  readonly kind: string;
  readonly bytes: Buffer;
  /** How many frames it holds. */
  readonly frames: number;
  /** Whether the gateway has to break the connection, so that nothing can follow. */
  readonly breaks: boolean;
}

const VALID_MESSAGES: readonly [object, ...object[]] = [
  {
    type: 'subscribe',
    id: '1',
    channels: ['candles:BTCUSDT:1', 'candles:ETHUSDT:5m'],
    snapshot: 3,
  },
  {
    type: 'subscribe',
    id: '2',
    channels: ['candles:SOLUSDT:1'],
    since: { 'candles:SOLUSDT:1': 1745000040000 },
  },
  { type: 'unsubscribe', id: '3', channels: ['candles:BTCUSDT:1'] },
  { type: 'ping', id: '4' },
  { type: 'auth', id: '5', token: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl' },
];

function validText(dice: Dice): Buffer {
  return Buffer.from(JSON.stringify(dice.pick(VALID_MESSAGES)));
}

function insertInvalid(dice: Dice): Buffer {
  const text = validText(dice);
  const at = dice.integer(0, text.length);
  return Buffer.concat([text.subarray(0, at), dice.pick(INVALID_UTF8), text.subarray(at)]);
}

/** Cuts a payload into frames and puts control frames in between (RFC 6455, section 5.4). */
function fragmented(payload: Buffer, dice: Dice): { bytes: Buffer; frames: number } {
  const parts: Buffer[] = [];
  let at = 0;
  let isFirst = true;
  do {
    const until = Math.min(payload.length, at + dice.integer(0, 40));
    const final = until === payload.length && dice.random() < 0.7;
    const opcode = isFirst ? TEXT : CONTINUATION;
    parts.push(frame(payload.subarray(at, until), { opcode, final }));
    if (final) return { bytes: Buffer.concat(parts), frames: parts.length };
    if (dice.random() < 0.3)
      parts.push(frame(randomBytes(dice, 125), { opcode: dice.pick([PING, PONG]) }));
    isFirst = false;
    at = until;
  } while (parts.length < 400);
  parts.push(frame(Buffer.alloc(0), { opcode: CONTINUATION }));
  return { bytes: Buffer.concat(parts), frames: parts.length };
}

const one = (kind: string, bytes: Buffer, breaks = false): Burst => ({
  kind,
  bytes,
  frames: 1,
  breaks,
});

/** Messages that leave the connection open: the gateway answers, or says nothing. */
const LENIENT: readonly [(dice: Dice) => Burst, ...((dice: Dice) => Burst)[]] = [
  (dice) => one('random text', frame(Buffer.from(randomBytes(dice, 200).toString('latin1')))),
  (dice) => one('random bytes, binary', frame(randomBytes(dice, 300), { opcode: BINARY })),
  (dice) =>
    one('mutated message', frame(Buffer.from(mutateValue(dice.pick(VALID_MESSAGES), dice)))),
  (dice) =>
    one('mutated message', frame(Buffer.from(mutateValue(dice.pick(VALID_MESSAGES), dice)))),
  (dice) => one('valid message', frame(validText(dice))),
  (dice) => {
    const text = validText(dice);
    return one('truncated message', frame(text.subarray(0, dice.integer(0, text.length - 1))));
  },
  (dice) => ({
    kind: 'fragments with control frames',
    breaks: false,
    ...fragmented(validText(dice), dice),
  }),
  (dice) =>
    one('control frame', frame(randomBytes(dice, 125), { opcode: dice.pick([PING, PONG]) })),
];

/** What RFC 6455 forbids. Some of it the native server bears, so nothing follows it. */
const FORBIDDEN: readonly [(dice: Dice) => Burst, ...((dice: Dice) => Burst)[]] = [
  (dice) =>
    one(
      'wrong opcode',
      frame(validText(dice), { opcode: dice.pick([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) }),
      true,
    ),
  (dice) =>
    one(
      'reserved bits',
      frame(validText(dice), { reserved: dice.pick([0x20, 0x10, 0x30, 0x70]) }),
      true,
    ),
  (dice) => one('deflated rubbish', frame(randomBytes(dice, 200), { reserved: 0x40 }), true),
  (dice) =>
    one(
      'deflated bomb',
      frame(deflateRawSync(Buffer.alloc(dice.integer(300_000, 2_000_000))), { reserved: 0x40 }),
      true,
    ),
  (dice) => one('unmasked', frame(validText(dice), { masked: false }), true),
  (dice) => one('invalid UTF-8', frame(insertInvalid(dice)), true),
  (dice) => one('mutated bytes of a message', frame(mutateBytes(validText(dice), dice)), true),
  (dice) => one('mutated frame', mutateBytes(frame(validText(dice)), dice), true),
  (dice) => one('random bytes, no frame', randomBytes(dice, 500), true),
  (dice) =>
    one(
      'false length',
      frame(validText(dice), {
        statedLength: BigInt(dice.integer(0, 2 ** 31)) << BigInt(dice.integer(0, 32)),
      }),
      true,
    ),
  (dice) =>
    one(
      'long control frame',
      frame(Buffer.alloc(dice.integer(126, 4000)), { opcode: dice.pick([CLOSE, PING, PONG]) }),
      true,
    ),
  (dice) =>
    one(
      'fragmented control frame',
      frame(randomBytes(dice, 20), { opcode: dice.pick([CLOSE, PING, PONG]), final: false }),
      true,
    ),
  (dice) => one('continuation of nothing', frame(validText(dice), { opcode: CONTINUATION }), true),
  (dice) => one('close frame', frame(randomBytes(dice, 125), { opcode: CLOSE }), true),
  () => one('message too large to read', frame(Buffer.alloc(300_000, 'a')), true),
  (dice) => ({
    kind: 'message within a message',
    bytes: Buffer.concat([frame(validText(dice), { final: false }), frame(validText(dice))]),
    frames: 2,
    breaks: true,
  }),
];

/** Wrong messages of one connection that stay below the abuse limit of 20. */
const LENIENT_PER_CONNECTION = 19;

/** Everything that one connection sends: mostly bearable, perhaps something forbidden at the end. */
export function* conversation(dice: Dice): Generator<Burst> {
  for (let left = dice.integer(1, LENIENT_PER_CONNECTION); left > 0; left -= 1) {
    const isBig = dice.random() < 0.003;
    yield isBig
      ? one('message too big', frame(Buffer.alloc(dice.integer(65_537, 262_144), '[')))
      : dice.pick(LENIENT)(dice);
  }
  if (dice.random() < 0.6) yield dice.pick(FORBIDDEN)(dice);
}
