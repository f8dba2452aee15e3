import { CandlegateError } from '../types.ts';
import type { Refusal } from './port.ts';

/** What any error says: `unavailable` where it is not the gateway's. */
export function refusalOf(error: unknown): Refusal {
  return error instanceof CandlegateError
    ? error
    : new CandlegateError('unavailable', String(error));
}
