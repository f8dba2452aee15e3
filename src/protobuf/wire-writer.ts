/** Wire types (https://protobuf.dev/programming-guides/encoding/#structure). */
export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
export const FIXED32 = 5;

const FIRST_CAPACITY = 4096;
/** The longest varint of a safe integer takes 8 bytes. */
const MAX_VARINT_BYTES = 8;

/** Zigzag of a safe integer up to ±2^52, so that the result is safe too. */
function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

/** How many bytes the varint of a safe, non-negative integer takes. */
function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}

/**
 * Writes fields of protocol buffers into one buffer that grows and is used again and again. Integers
 * are safe ones and never negative, but for `sints`. As in proto3, zero, false and the empty string are
 * left out; the `optional…` methods write them.
 */
export class WireWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  readonly #utf8 = new TextEncoder();

  /** What was written since the last call, in memory of its own. */
  finish(): Uint8Array {
    const written = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return written;
  }

  uint(field: number, value: number): void {
    if (value !== 0) this.optionalUint(field, value);
  }
  optionalUint(field: number, value: number | undefined): void {
    if (value === undefined) return;
    this.#tag(field, VARINT);
    this.#varint(value);
  }
  bool(field: number, value: boolean): void {
    if (value) this.optionalUint(field, 1);
  }
  optionalBool(field: number, value: boolean | undefined): void {
    if (value !== undefined) this.optionalUint(field, value ? 1 : 0);
  }

  double(field: number, value: number): void {
    // Minus zero is written: it is not the default.
    if (Object.is(value, 0)) return;
    this.#tag(field, FIXED64);
    this.#double(value);
  }

  string(field: number, value: string): void {
    if (value !== '') this.optionalString(field, value);
  }
  optionalString(field: number, value: string | undefined): void {
    if (value === undefined) return;
    const start = this.beginMessage(field);
    this.#reserve(3 * value.length);
    const { written } = this.#utf8.encodeInto(value, this.#bytes.subarray(this.#length));
    this.#length += written;
    this.endMessage(start);
  }
  strings(field: number, values: readonly string[]): void {
    for (const value of values) this.optionalString(field, value);
  }

  /** Packed. */
  uints(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    const start = this.beginMessage(field);
    for (const value of values) this.#varint(value);
    this.endMessage(start);
  }
  /** Packed. */
  sints(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    const start = this.beginMessage(field);
    for (const value of values) this.#varint(zigzag(value));
    this.endMessage(start);
  }
  /** Packed. */
  doubles(field: number, values: readonly number[]): void {
    const start = this.beginMessage(field);
    for (const value of values) this.#double(value);
    this.endMessage(start);
  }

  /** Begins a field with a length. @returns what `endMessage` wants */
  beginMessage(field: number): number {
    this.#tag(field, LENGTH_DELIMITED);
    this.#reserve(1);
    this.#length += 1;
    return this.#length;
  }

  /** Writes the length of what came since; room for one byte was left. */
  endMessage(start: number): void {
    const length = this.#length - start;
    if (length > 0x7f) {
      const more = varintBytes(length) - 1;
      this.#reserve(more);
      this.#bytes.copyWithin(start + more, start, this.#length);
      this.#length += more;
    }
    const end = this.#length;
    this.#length = start - 1;
    this.#varint(length);
    this.#length = end;
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType);
  }

  #varint(value: number): void {
    this.#reserve(MAX_VARINT_BYTES);
    const bytes = this.#bytes;
    let at = this.#length;
    let rest = value;
    // Bit operations see 32 bits; the lowest seven are right for any safe integer.
    while (rest > 0x7fffffff) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.#length = at;
  }

  #double(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
