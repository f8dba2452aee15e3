import {
  serverMessageSchema,
  type ClientMessage,
  type ServerMessage,
} from '../../src/candle/messages.ts';
import { createJsonCodec, JSON_PROTOCOL } from '../../src/gateway/codec/json.ts';
import { createProtobufCodec, PROTOBUF_PROTOCOL } from '../../src/gateway/codec/protobuf.ts';
import type { Codec } from '../../src/gateway/codec/codec.ts';
import type { Frame } from '../../src/gateway/transport.ts';
import { writeClientMessage } from '../../src/protobuf/client-messages.ts';
import { ServerMessageReader } from '../../src/protobuf/server-messages.ts';

/** The subprotocols of the gateway. */
export const PROTOCOLS = [JSON_PROTOCOL, PROTOBUF_PROTOCOL] as const;

/** The gateway's codecs, one for each subprotocol. */
export function createCodecs(): Codec[] {
  return [createJsonCodec(), createProtobufCodec()];
}

/** How the client of one connection speaks a subprotocol. */
export interface Dialect {
  readonly protocol: string;
  write(message: object): Frame;
  /** @throws when the gateway sent what is no message of the protocol */
  read(frame: Frame): ServerMessage;
}

/** @param checks whether each message is held against its schema, which costs more than reading it */
export function createDialect(protocol: string, checks = true): Dialect {
  const check = (message: unknown): ServerMessage =>
    checks ? serverMessageSchema.parse(message) : (message as ServerMessage);
  if (protocol === JSON_PROTOCOL) {
    return {
      protocol,
      write: (message) => JSON.stringify(message),
      read: (frame) => {
        if (typeof frame !== 'string') throw new Error('a text protocol sent a binary frame');
        return check(JSON.parse(frame));
      },
    };
  }
  const reader = new ServerMessageReader();
  return {
    protocol,
    write: (message) => writeClientMessage(message as ClientMessage),
    read: (frame) => {
      if (typeof frame === 'string') throw new Error('a binary protocol sent a text frame');
      return check(reader.read(frame));
    },
  };
}
