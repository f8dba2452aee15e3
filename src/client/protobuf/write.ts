import type { ClientMessage } from '../../candle/messages.ts';

const utf8 = new TextEncoder();

/** By type, in the order of the bodies in candlegate.proto from 2 on: the fields in order of their numbers. */
const FIELDS: Readonly<Record<ClientMessage['type'], readonly string[]>> = {
  subscribe: ['channels', 'snapshot', 'since'],
  unsubscribe: ['channels'],
  ping: [],
  auth: ['token'],
  receipt: ['channel', 'epoch', 'offset', 'received', 'clockOffset', 'clockError'],
};

/** A number, a text, or a message: its fields, or undefined where one is absent; each alone or several times. */
type Value = number | string | readonly Field[];
type Field = Value | readonly Value[] | undefined;

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

/** All numbers are unsigned integers but for the doubles of a receipt, from its fourth field on. */
function encodeOne(value: Value, index: number): number[] {
  const tag = 8 * index + 8;
  if (typeof value === 'number') {
    if (index < 3) return [tag, ...varint(value)];
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value, true);
    return [tag + 1, ...new Uint8Array(view.buffer)];
  }
  const bytes = typeof value === 'string' ? [...utf8.encode(value)] : encode(value);
  return [tag + 2, ...varint(bytes.length), ...bytes];
}

/** The wire format (protobuf.dev/programming-guides/encoding). */
function encode(fields: readonly Field[]): number[] {
  return fields.flatMap((field, index) =>
    [field ?? []].flat().flatMap((value) => encodeOne(value as Value, index)),
  );
}

/** One ClientMessage. */
export function writeClientMessage(message: ClientMessage): Uint8Array {
  const { id, type, since } = message as ClientMessage & { readonly since?: object };
  // The entries of a map are messages.
  const members = { ...message, since: since && Object.entries(since) } as unknown as Record<
    string,
    Field
  >;
  const fields: Field[] = [id];
  fields[Object.keys(FIELDS).indexOf(type) + 1] = [
    FIELDS[type].map((name) => members[name]),
  ] as never;
  return new Uint8Array(encode(fields));
}
