/** What one look at a connection's bytes has counted. */
export interface FrameHandler {
  /** A text or binary message. `from` and `to` bound the part of its payload that lies in this chunk. */
  data(chunk: Uint8Array, from: number, to: number, isWhole: boolean): void;
  /** A ping, with its payload. Frames of a server are never masked. */
  ping(payload: Uint8Array): void;
  closed(): void;
}

const PING = 0x9;
const CLOSE = 0x8;
const LAST_DATA_OPCODE = 0x2;
const LONGEST_HEADER = 10;

/**
 * Finds WebSocket frames (RFC 6455, section 5.2) in what arrives, without copying or decoding them.
 * Each counts when its header has arrived; a message in several frames counts once.
 */
export class FrameCounter {
  /** Payload bytes of the current frame that are still to come. */
  #left = 0;
  #header: number[] = [];
  /** Payload of a ping that came in pieces. */
  #ping: number[] | null = null;

  read(chunk: Uint8Array, to: number, handler: FrameHandler): void {
    let at = 0;
    while (at < to) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, to - at);
        this.#left -= taken;
        if (this.#ping !== null) this.#takePing(chunk.subarray(at, at + taken), handler);
        at += taken;
        continue;
      }
      const length = this.#header.length === 0 ? wholeHeader(chunk, at, to) : 0;
      if (length > 0) {
        at = this.#begin(chunk, at, length, to, handler);
        continue;
      }
      // The header lies across two chunks, which is rare: byte by byte.
      this.#header.push(chunk[at] ?? 0);
      at += 1;
      const header = Uint8Array.from(this.#header);
      const whole = wholeHeader(header, 0, header.length);
      if (whole === 0) continue;
      this.#header = [];
      at = this.#begin(header, 0, whole, 0, handler, chunk, at, to);
    }
  }

  /** @returns where reading goes on: behind what of the payload lies in this chunk */
  #begin(
    header: Uint8Array,
    at: number,
    headerLength: number,
    headerTo: number,
    handler: FrameHandler,
    chunk = header,
    from = at + headerLength,
    to = headerTo,
  ): number {
    const opcode = (header[at] ?? 0) & 0x0f;
    const length = payloadLength(header, at);
    const end = Math.min(to, from + length);
    this.#left = length - (end - from);
    this.#ping = null;
    if (opcode === PING) {
      this.#ping = [];
      this.#takePing(chunk.subarray(from, end), handler);
    } else if (opcode === CLOSE) {
      handler.closed();
    } else if (opcode <= LAST_DATA_OPCODE && opcode > 0) {
      handler.data(chunk, from, end, this.#left === 0);
    }
    return end;
  }

  #takePing(part: Uint8Array, handler: FrameHandler): void {
    if (this.#ping === null) return;
    this.#ping.push(...part);
    if (this.#left > 0) return;
    handler.ping(Uint8Array.from(this.#ping));
    this.#ping = null;
  }
}

/** @returns the length of the header at `at`, or 0 while not all of it is there */
function wholeHeader(chunk: Uint8Array, at: number, to: number): number {
  if (to - at < 2) return 0;
  const short = (chunk[at + 1] ?? 0) & 0x7f;
  const length = short < 126 ? 2 : short === 126 ? 4 : LONGEST_HEADER;
  return to - at >= length ? length : 0;
}

function payloadLength(header: Uint8Array, at: number): number {
  const short = (header[at + 1] ?? 0) & 0x7f;
  if (short < 126) return short;
  const bytes = short === 126 ? 2 : 8;
  let length = 0;
  for (let index = 0; index < bytes; index += 1)
    length = length * 256 + (header[at + 2 + index] ?? 0);
  return length;
}

/**
 * A frame as a client sends it: whole, and masked (with zeros, which leave the payload as it is).
 *
 * @param payload up to 65,535 bytes
 */
export function clientFrame(opcode: 'text' | 'pong', payload: Uint8Array): Buffer {
  const first = 0x80 | (opcode === 'text' ? 0x1 : 0xa);
  const masked = 0x80;
  const length =
    payload.length < 126
      ? [masked | payload.length]
      : [masked | 126, payload.length >> 8, payload.length & 0xff];
  return Buffer.concat([Buffer.from([first, ...length, 0, 0, 0, 0]), payload]);
}
