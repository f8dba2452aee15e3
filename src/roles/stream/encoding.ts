import {
  serverMessageSchema,
  type ClientMessage,
  type ServerMessage,
} from '../../candle/messages.ts';
import { writeClientMessage } from '../../protobuf/client-messages.ts';
import { ServerMessageReader } from '../../protobuf/server-messages.ts';
import { WireError } from '../../protobuf/wire-reader.ts';

/** The encodings that a user may choose. */
export const STREAM_ENCODINGS = ['json', 'protobuf'] as const;
export type StreamEncoding = (typeof STREAM_ENCODINGS)[number];

/** How one connection speaks a subprotocol. */
export interface ClientCodec {
  readonly protocol: string;
  write(message: ClientMessage): string | Uint8Array;
  /** Undefined for what this client does not know: PROTOCOL.md has it ignore that. */
  read(data: Buffer, isBinary: boolean): ServerMessage | undefined;
}

const JSON_CODEC: ClientCodec = {
  protocol: 'candlegate.v1.json',
  write: (message) => JSON.stringify(message),
  read(data, isBinary) {
    if (isBinary) return undefined;
    try {
      return serverMessageSchema.safeParse(JSON.parse(data.toString('utf8'))).data;
    } catch {
      return undefined;
    }
  },
};

/** @returns the codec of one connection: what a gateway has said once it need not say again */
export function createClientCodec(encoding: StreamEncoding): ClientCodec {
  if (encoding === 'json') return JSON_CODEC;
  const reader = new ServerMessageReader();
  return {
    protocol: 'candlegate.v1.protobuf',
    write: writeClientMessage,
    read(data, isBinary) {
      if (!isBinary) return undefined;
      try {
        return serverMessageSchema.safeParse(reader.read(data)).data;
      } catch (error) {
        if (error instanceof WireError) return undefined;
        throw error;
      }
    },
  };
}
