/**
 * A message by the numbers of its fields: the number that a varint or a double is, or the bytes of
 * anything else. Of a field that comes more than once the last one counts.
 */
export type Fields = readonly (number & Uint8Array)[];

const utf8 = new TextDecoder();

/** Reads varints, and what they say how long it is, one after the other. @throws RangeError at the end */
function walk(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  return {
    isOver: () => at === bytes.length,
    varint: () => {
      let value = 0;
      for (let factor = 1; ; factor *= 128) {
        const byte = view.getUint8(at++);
        value += (byte & 127) * factor;
        if (byte < 128) return value;
      }
    },
    double: () => view.getFloat64((at += 8) - 8, true),
    slice: (length: number) => bytes.subarray(at, (at += length)),
  };
}

/**
 * Reads the wire format (protobuf.dev/programming-guides/encoding).
 *
 * @param onField called with every field besides
 */
export function fieldsOf(
  bytes: Uint8Array,
  onField?: (number: number, value: Uint8Array) => void,
): Fields {
  const { isOver, varint, double, slice } = walk(bytes);
  const fields: unknown[] = [];
  while (!isOver()) {
    const tag = varint();
    const type = tag % 8;
    const value = type === 0 ? varint() : type === 1 ? double() : slice(type === 2 ? varint() : 4);
    fields[tag >> 3] = value;
    onField?.(tag >> 3, value as Uint8Array);
  }
  return fields as never;
}

export function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes && utf8.decode(bytes);
}

/** Packed varints. */
export function numbers(bytes: Uint8Array = new Uint8Array()): number[] {
  const { isOver, varint } = walk(bytes);
  const values = [];
  while (!isOver()) values.push(varint());
  return values;
}

/** Packed varints in zigzag. */
export function signed(bytes?: Uint8Array): number[] {
  return numbers(bytes).map((value) => (value % 2 ? -(value + 1) / 2 : value / 2));
}

/** Packed doubles. */
export function doubles(bytes: Uint8Array): number[] {
  const { isOver, double } = walk(bytes);
  const values = [];
  while (!isOver()) values.push(double());
  return values;
}
