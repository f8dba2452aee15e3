import { checkMessage, refuse, usableId } from './client-message.ts';
import type { Decoded } from './codec.ts';

/** A leading byte order mark is not JSON (RFC 8259, section 8.1), so it is not skipped. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function parse(data: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(utf8.decode(data)) as unknown };
  } catch {
    // Both throw only for what the client sent; the caller answers with `invalid_json`.
    return undefined;
  }
}

/** A member of the message itself, never of its prototype. */
function ownMember(object: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(object, name)?.value;
}

/** Reads a text message of a client, which is JSON under every subprotocol. Never throws. */
export function decodeText(data: Uint8Array): Decoded {
  const parsed = parse(data);
  if (parsed === undefined) return refuse('invalid_json', undefined);
  const { value } = parsed;
  if (typeof value !== 'object' || value === null) return refuse('unknown_type', undefined);
  return checkMessage(ownMember(value, 'type'), value, usableId(ownMember(value, 'id')));
}
