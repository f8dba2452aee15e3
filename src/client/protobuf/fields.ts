/**
 * A message by the numbers of its fields: the number that a varint or a double is, or the bytes of
 * anything else. Of a field that comes more than once the last one counts.
 */
export type Fields = readonly (number & Uint8Array)[];

const utf8 = new TextDecoder();

/** What `next` reads, one after the other, until nothing is left. @throws RangeError when something is cut off */
export function readAll<Value>(
  bytes: Uint8Array = new Uint8Array(),
  next: (
    varint: () => number,
    double: () => number,
    slice: (length: number) => Uint8Array,
  ) => Value,
): Value[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = view.getUint8(at++);
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  const double = () => view.getFloat64((at += 8) - 8, true);
  const slice = (length: number) => bytes.subarray(at, (at += length));
  const values = [];
  while (at !== bytes.length) values.push(next(varint, double, slice));
  return values;
}

/**
 * Reads the wire format (protobuf.dev/programming-guides/encoding).
 *
 * @param onField by number: called with every value of that field besides
 */
export function fieldsOf(
  bytes: Uint8Array | undefined,
  onField: Readonly<Record<number, (value: Uint8Array) => void>> = {},
): Fields {
  const fields: unknown[] = [];
  readAll(bytes, (varint, double, slice) => {
    const tag = varint();
    const type = tag % 8;
    const value = type === 0 ? varint() : type === 1 ? double() : slice(type === 2 ? varint() : 4);
    fields[tag >> 3] = value;
    onField[tag >> 3]?.(value as Uint8Array);
  });
  return fields as never;
}

export function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes && utf8.decode(bytes);
}

/** Packed varints. */
export function numbers(bytes?: Uint8Array): number[] {
  return readAll(bytes, (varint) => varint());
}

/** Packed varints in zigzag. */
export function signed(bytes?: Uint8Array): number[] {
  return numbers(bytes).map((value) => (value % 2 ? -(value + 1) / 2 : value / 2));
}
