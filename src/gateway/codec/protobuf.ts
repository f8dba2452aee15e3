import { readClientFields, type ClientFields } from '../../protobuf/client-messages.ts';
import { ServerMessageWriter } from '../../protobuf/server-messages.ts';
import { WireError } from '../../protobuf/wire-reader.ts';
import { checkMessage, refuse, usableId } from './client-message.ts';
import type { Codec, Decoded } from './codec.ts';
import { decodeText } from './text.ts';

/** The subprotocol of one binary protocol buffers message per message; clients may send JSON text, too. */
export const PROTOBUF_PROTOCOL = 'candlegate.v1.protobuf';

function decodeBinary(data: Uint8Array): Decoded {
  let fields: ClientFields;
  try {
    fields = readClientFields(data);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return refuse('invalid_message', undefined, `No ClientMessage: ${error.message}.`);
  }
  const { message, unknownField } = fields;
  const id = usableId(fields.id);
  if (message === undefined) return refuse('unknown_type', id);
  const checked = checkMessage(message.type, message, id);
  if (!checked.ok || unknownField === undefined) return checked;
  // As in JSON: what is not understood might matter to the client.
  return refuse('invalid_message', id, `${unknownField}: There is no such field.`);
}

/** The codec of `candlegate.v1.protobuf` (PROTOCOL.md, "Subprotocols"), for one gateway. */
export function createProtobufCodec(): Codec {
  const writer = new ServerMessageWriter();
  return {
    protocol: PROTOBUF_PROTOCOL,
    encode: (message, audience) => writer.write(message, audience?.knowsEpoch !== true),
    decode: (data, isBinary) => (isBinary ? decodeBinary(data) : decodeText(data)),
  };
}
