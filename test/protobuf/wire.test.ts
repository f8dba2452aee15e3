import { describe, expect, it } from 'vitest';
import { rescale, scanDecimal, spellDecimal } from '../../src/protobuf/decimal.ts';
import { WireError, WireReader } from '../../src/protobuf/wire-reader.ts';
import { WireWriter } from '../../src/protobuf/wire-writer.ts';

function reader(...bytes: number[]): WireReader {
  const made = new WireReader(Uint8Array.from(bytes));
  made.next();
  return made;
}

describe('the wire format', () => {
  it('writes what the encoding guide of protocol buffers shows', () => {
    const writer = new WireWriter();
    writer.uint(1, 150);
    writer.string(2, 'testing');
    const inner = writer.beginMessage(3);
    writer.uint(1, 150);
    writer.endMessage(inner);
    writer.uints(6, [3, 270, 86942]);
    const hex = Buffer.from(writer.finish()).toString('hex');
    expect(hex).toBe('089601' + '120774657374696e67' + '1a03089601' + '3206038e029ea705');
  });

  it('moves what is inside when a length takes more than one byte', () => {
    const writer = new WireWriter();
    for (const length of [127, 128, 20_000]) {
      writer.string(1, 'é'.repeat(length));
      const read = new WireReader(writer.finish());
      expect(read.next()).toBe(true);
      expect(read.string()).toBe('é'.repeat(length));
      expect(read.next()).toBe(false);
    }
  });

  it('leaves defaults out, but for minus zero and what is optional', () => {
    const writer = new WireWriter();
    writer.uint(1, 0);
    writer.bool(1, false);
    writer.string(1, '');
    writer.double(1, 0);
    writer.sints(1, []);
    expect(writer.finish()).toHaveLength(0);
    writer.double(1, -0);
    writer.optionalUint(2, 0);
    writer.optionalString(3, '');
    expect(writer.finish()).toHaveLength(9 + 2 + 2);
  });

  it('reads repeated numbers packed or not', () => {
    const values: number[] = [];
    reader(0x08, 0x03).sintsInto(values);
    reader(0x0a, 0x03, 0x04, 0x80, 0x01).sintsInto(values);
    expect(values).toEqual([-2, 2, 64]);
  });

  it('skips fields of every wire type', () => {
    const read = new WireReader(
      Uint8Array.of(0x08, 0x96, 0x01, 0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0x1a, 1, 0, 0x25, 0, 0, 0, 0),
    );
    const fields: number[] = [];
    while (read.next()) {
      fields.push(read.field);
      read.skip();
    }
    expect(fields).toEqual([1, 2, 3, 4]);
  });

  it.each<[string, () => unknown]>([
    ['a number that ends too early', () => reader(0x08, 0x80).uint()],
    ['a number without end', () => reader(0x08, ...Array<number>(11).fill(0x80)).uint()],
    ['a length over the end', () => reader(0x0a, 0x05, 0x61).string()],
    ['text that is not UTF-8', () => reader(0x0a, 0x02, 0xc3, 0x28).string()],
    ['another type than expected', () => reader(0x08, 0x01).string()],
    ['a group', () => reader(0x0b, 0x0c).skip()],
    ['field number 0', () => reader(0x00)],
    ['packed numbers that end within one', () => reader(0x0a, 0x01, 0x80).uintsInto([])],
    ['half a double', () => reader(0x09, 0, 0, 0).double()],
  ])('refuses %s', (_what, read) => {
    expect(read).toThrow(WireError);
  });
});

describe('decimal numbers', () => {
  it.each([
    ['61030', 61030, 0],
    ['84512.3', 845123, 1],
    ['-0.05', -5, 2],
    ['0', 0, 0],
    ['0.000000000000001', 1, 15],
    ['9007199254740991', Number.MAX_SAFE_INTEGER, 0],
  ])('%s is an integer with a scale, and back', (text, mantissa, scale) => {
    expect(scanDecimal(text)).toEqual({ mantissa, scale });
    expect(spellDecimal(mantissa, scale)).toBe(text);
  });

  it.each(['', '-', '.', '1.', '.5', '01', '1.50', '-0', '0.0', '1e3', '+1', '0x1', '٣'])(
    '%j is not',
    (text) => {
      expect(scanDecimal(text)).toBeUndefined();
    },
  );

  it('leaves out the zeros that a shared scale brings', () => {
    const decimal = scanDecimal('84480') ?? { mantissa: 0, scale: 0 };
    expect(rescale(decimal, 3)).toBe(84_480_000);
    expect(spellDecimal(84_480_000, 3)).toBe('84480');
    expect(rescale(decimal, 15)).toBeUndefined();
  });
});
