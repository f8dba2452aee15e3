import { ERROR_CODES, type ErrorCode } from '../../candle/codes.ts';
import {
  authSchema,
  pingSchema,
  receiptSchema,
  subscribeSchema,
  unsubscribeSchema,
  type ClientMessage,
} from '../../candle/messages.ts';
import type { Decoded } from './codec.ts';
import { describeIssue } from './issue.ts';

const MAX_ID_LENGTH = 64;

/** One schema per `type`, so that a mistake is reported against the type that the client meant. */
const schemas = {
  subscribe: subscribeSchema,
  unsubscribe: unsubscribeSchema,
  ping: pingSchema,
  receipt: receiptSchema,
  auth: authSchema,
} as const satisfies Record<ClientMessage['type'], unknown>;

/** @param id of the message, as far as it could be read */
export function refuse(
  code: ErrorCode,
  id: string | undefined,
  detail: string = ERROR_CODES[code],
): Decoded {
  return id === undefined ? { ok: false, code, detail } : { ok: false, code, detail, id };
}

/** The `id` that an answer may repeat; undefined for one that is none. */
export function usableId(candidate: unknown): string | undefined {
  return typeof candidate === 'string' && candidate.length <= MAX_ID_LENGTH ? candidate : undefined;
}

/** Holds a message in its JSON form against the schema of its type, which need not be a known one. */
export function checkMessage(type: unknown, message: object, id: string | undefined): Decoded {
  if (typeof type !== 'string' || !Object.hasOwn(schemas, type)) return refuse('unknown_type', id);
  const result = schemas[type as keyof typeof schemas].safeParse(message);
  if (result.success) return { ok: true, message: result.data };
  const [issue] = result.error.issues;
  return refuse('invalid_message', id, issue === undefined ? undefined : describeIssue(issue));
}
