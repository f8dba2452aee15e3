import type { ClientMessage } from '../candle/messages.ts';
import { writeClientMessage } from '../protobuf/client-messages.ts';
import { ServerMessageReader } from '../protobuf/server-messages.ts';
import type { Encoding } from './options.ts';

/** `candlegate.v1.protobuf`: one binary message per message, about a ninth of the size of JSON. */
export const protobuf: Encoding = {
  protocol: 'candlegate.v1.protobuf',
  open() {
    const reader = new ServerMessageReader();
    return {
      write: (message) => writeClientMessage(message as ClientMessage),
      read: (data) => (data instanceof ArrayBuffer ? reader.read(new Uint8Array(data)) : undefined),
    };
  },
};
