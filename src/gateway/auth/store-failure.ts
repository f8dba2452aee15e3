import type { Logger } from 'pino';
import { StoreUnavailableError } from '../../access/store-errors.ts';
import type { Verification } from './identity.ts';

type Refusal = Extract<Verification, { ok: false }>;

/** A credential was not refused: nobody could look at it. The client is to come again, not to give up. */
export const STORE_UNAVAILABLE = {
  ok: false,
  problem: 'store_unavailable',
  detail: 'What this credential needs to be checked against cannot be read at the moment.',
  headers: { 'Retry-After': '1' },
} as const satisfies Refusal;

const FAULT = {
  ok: false,
  problem: 'internal_error',
  detail: 'The credential could not be checked.',
} as const satisfies Refusal;

/** What the client is told of a question to a store that failed; faults of ours go to the log. */
export function storeFailure(error: unknown, log: Pick<Logger, 'error'>, message: string) {
  // The log says once per outage that Redis is away; once per request would be a flood.
  if (error instanceof StoreUnavailableError) return STORE_UNAVAILABLE;
  log.error({ err: error }, message);
  return FAULT;
}
