import { refuse } from './client-message.ts';
import type { Codec } from './codec.ts';
import { decodeText } from './text.ts';

/** The subprotocol of one JSON text message per message. */
export const JSON_PROTOCOL = 'candlegate.v1.json';

/** The codec of `candlegate.v1.json` (PROTOCOL.md, "Subprotocols"). */
export function createJsonCodec(): Codec {
  return {
    protocol: JSON_PROTOCOL,
    encode: (message, _audience, json) => json ?? JSON.stringify(message),
    decode: (data, isBinary) =>
      isBinary ? refuse('binary_not_supported', undefined) : decodeText(data),
  };
}
