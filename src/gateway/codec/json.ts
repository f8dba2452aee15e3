import { ERROR_CODES, type ErrorCode } from '../../candle/codes.ts';
import {
  authSchema,
  pingSchema,
  subscribeSchema,
  unsubscribeSchema,
  type ClientMessage,
} from '../../candle/messages.ts';
import type { Codec, Decoded } from './codec.ts';
import { describeIssue } from './issue.ts';

/** The subprotocol of one JSON text message per message. */
export const JSON_PROTOCOL = 'candlegate.v1.json';

const MAX_ID_LENGTH = 64;

/** One schema per `type`, so that a mistake is reported against the type that the client meant. */
const schemas = {
  subscribe: subscribeSchema,
  unsubscribe: unsubscribeSchema,
  ping: pingSchema,
  auth: authSchema,
} as const satisfies Record<ClientMessage['type'], unknown>;

/** A leading byte order mark is not JSON (RFC 8259, section 8.1), so it is not skipped. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function refuse(
  code: ErrorCode,
  id: string | undefined,
  detail: string = ERROR_CODES[code],
): Decoded {
  return id === undefined ? { ok: false, code, detail } : { ok: false, code, detail, id };
}

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

function decode(data: Uint8Array, isBinary: boolean): Decoded {
  if (isBinary) return refuse('binary_not_supported', undefined);
  const parsed = parse(data);
  if (parsed === undefined) return refuse('invalid_json', undefined);
  const { value } = parsed;
  if (typeof value !== 'object' || value === null) return refuse('unknown_type', undefined);

  const candidate = ownMember(value, 'id');
  const id =
    typeof candidate === 'string' && candidate.length <= MAX_ID_LENGTH ? candidate : undefined;
  const type = ownMember(value, 'type');
  if (typeof type !== 'string' || !Object.hasOwn(schemas, type)) return refuse('unknown_type', id);

  const result = schemas[type as keyof typeof schemas].safeParse(value);
  if (result.success) return { ok: true, message: result.data };
  const [issue] = result.error.issues;
  return refuse('invalid_message', id, issue === undefined ? undefined : describeIssue(issue));
}

/** The codec of `candlegate.v1.json` (PROTOCOL.md, "Subprotocols"). */
export function createJsonCodec(): Codec {
  return {
    protocol: JSON_PROTOCOL,
    encode: (message) => JSON.stringify(message),
    decode,
  };
}
