import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  clientMessageSchema,
  serverMessageSchema,
  type ServerMessage,
} from '../../src/candle/messages.ts';
import { createProtobufCodec } from '../../src/gateway/codec/protobuf.ts';
import { writeClientMessage } from '../../src/protobuf/client-messages.ts';
import { ServerMessageReader, ServerMessageWriter } from '../../src/protobuf/server-messages.ts';
import { VECTOR_MESSAGES } from './vectors.ts';

/** `npx vitest run test/protobuf/vectors.test.ts -u` writes it anew. */
const FILE = new URL('../../proto/candlegate/v1/vectors.json', import.meta.url);

interface Vector {
  readonly name: string;
  readonly from: 'server' | 'client';
  readonly hex: string;
  readonly json: unknown;
}
const readVectors = (): Vector[] => JSON.parse(readFileSync(FILE, 'utf8')) as Vector[];

const typesOf = (schema: typeof serverMessageSchema | typeof clientMessageSchema): string[] =>
  schema.options.map((option) => option.shape.type.value);

describe('the test vectors', () => {
  it('are what the gateway and a client write', async () => {
    const writer = new ServerMessageWriter();
    const vectors: Vector[] = VECTOR_MESSAGES.map((vector) => {
      const { name, from, message } = vector;
      const bytes =
        vector.from === 'server'
          ? writer.write(vector.message, vector.knowsEpoch !== true)
          : writeClientMessage(vector.message);
      return { name, from, hex: Buffer.from(bytes).toString('hex'), json: message };
    });
    await expect(`${JSON.stringify(vectors, null, 2)}\n`).toMatchFileSnapshot(FILE.pathname);
  });

  it('read back as their JSON form, in the order of one connection', () => {
    const reader = new ServerMessageReader();
    const codec = createProtobufCodec();
    for (const { name, from, hex, json } of readVectors()) {
      const bytes = Buffer.from(hex, 'hex');
      const message = from === 'server' ? reader.read(bytes) : codec.decode(bytes, true);
      const expected = from === 'server' ? json : { ok: true, message: json };
      // As text, so that the order of members counts too.
      expect(JSON.stringify(message), name).toBe(JSON.stringify(expected));
    }
  });

  it('have every type of message', () => {
    const vectors = readVectors();
    const types = (from: Vector['from']) =>
      new Set(
        vectors
          .filter((vector) => vector.from === from)
          .map(({ json }) => (json as ServerMessage).type as string),
      );
    // A type that is missing here wants a message in vectors.ts, a body in candlegate.proto, and
    // its lines in the readers of Python and Go.
    expect([...types('server')].toSorted()).toEqual(typesOf(serverMessageSchema).toSorted());
    expect([...types('client')].toSorted()).toEqual(typesOf(clientMessageSchema).toSorted());
  });
});
