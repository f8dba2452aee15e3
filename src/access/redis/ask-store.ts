import type { z } from 'zod';

/** Asks the store; every failure is a `StoreUnavailableError` that says what was asked. */
export type AskStore = <T>(what: string, question: () => Promise<T>) => Promise<T>;

/**
 * Reads what was stored as JSON.
 *
 * @throws Error for what was not written here; it repeats no part of it
 */
export function readStored<T>(what: string, text: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new Error(`${what} is stored in a wrong shape`);
  }
}
