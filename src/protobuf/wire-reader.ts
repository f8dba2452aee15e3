import { FIXED32, FIXED64, LENGTH_DELIMITED, VARINT } from './wire-writer.ts';

/** The bytes are no protocol buffers, or a field is not of its type. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

/** A byte order mark is a character like others. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A varint of 64 bits takes at most ten bytes. */
const MAX_VARINT_BYTES = 10;

/**
 * Reads the fields of one message: `next` goes to the next field, then exactly one of the other
 * methods takes its value. Integers beyond the safe ones lose their last digits.
 */
export class WireReader {
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #end: number;
  #wireType = 0;
  /** The number of the current field. */
  field = 0;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** @returns false at the end of the message. @throws WireError */
  next(): boolean {
    if (this.#at === this.#end) return false;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    this.#wireType = tag % 8;
    if (this.field === 0 || tag > 0xffff_ffff) throw new WireError('a field has no valid number');
    return true;
  }

  skip(): void {
    switch (this.#wireType) {
      case VARINT:
        this.#varint();
        return;
      case FIXED64:
        this.#advance(8);
        return;
      case LENGTH_DELIMITED:
        this.#advance(this.#varint());
        return;
      case FIXED32:
        this.#advance(4);
        return;
      default:
        throw new WireError(`field ${this.field} has an unknown wire type`);
    }
  }

  uint(): number {
    this.#expect(VARINT);
    return this.#varint();
  }
  bool(): boolean {
    return this.uint() !== 0;
  }
  double(): number {
    this.#expect(FIXED64);
    return this.#double();
  }
  string(): string {
    const bytes = this.#slice();
    try {
      return utf8.decode(bytes);
    } catch {
      throw new WireError(`field ${this.field} is not UTF-8`);
    }
  }

  /** A message inside this one. */
  message(): WireReader {
    const { start, end } = this.#range();
    return new WireReader(this.#bytes, start, end);
  }

  /** Adds the values of a repeated field, packed or not. */
  uintsInto(values: number[]): void {
    this.#each(VARINT, () => values.push(this.#varint()));
  }
  /** Adds the values of a repeated field, packed or not. */
  sintsInto(values: number[]): void {
    this.#each(VARINT, () => values.push(this.#zigzag()));
  }
  /** Adds the values of a repeated field, packed or not. */
  doublesInto(values: number[]): void {
    this.#each(FIXED64, () => values.push(this.#double()));
  }

  #each(wireType: number, read: () => void): void {
    if (this.#wireType !== LENGTH_DELIMITED) {
      this.#expect(wireType);
      read();
      return;
    }
    const { start, end } = this.#range();
    this.#at = start;
    while (this.#at < end) read();
    if (this.#at !== end) throw new WireError(`field ${this.field} is cut off`);
  }

  #slice(): Uint8Array {
    const { start, end } = this.#range();
    return this.#bytes.subarray(start, end);
  }

  #range(): { readonly start: number; readonly end: number } {
    this.#expect(LENGTH_DELIMITED);
    const length = this.#varint();
    const start = this.#at;
    this.#advance(length);
    return { start, end: this.#at };
  }

  #expect(wireType: number): void {
    if (this.#wireType !== wireType) throw new WireError(`field ${this.field} has a wrong type`);
  }

  #advance(count: number): void {
    if (count > this.#end - this.#at) throw new WireError('the message is cut off');
    this.#at += count;
  }

  #double(): number {
    const start = this.#at;
    this.#advance(8);
    const { buffer, byteOffset } = this.#bytes;
    return new DataView(buffer, byteOffset).getFloat64(start, true);
  }

  /** A negative number: half of the varint, which may be beyond the safe integers, rounded up. */
  #zigzag(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #varint(): number {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < MAX_VARINT_BYTES; count += 1) {
      const byte = this.#at < this.#end ? this.#bytes[this.#at] : undefined;
      if (byte === undefined) throw new WireError('the message is cut off');
      this.#at += 1;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    throw new WireError('a number is too long');
  }
}
