import type { z } from 'zod';
import { refuse } from './problem.ts';

/**
 * Reads the named parameters of a query; others are left alone.
 *
 * @throws ProblemError `invalid_query` when one of them comes twice or is wrongly percent-encoded
 */
export function readQuery<Name extends string>(
  query: string,
  names: readonly Name[],
): Partial<Record<Name, string>> {
  const values: Partial<Record<Name, string>> = {};
  for (const pair of query.split('&')) {
    const cut = pair.indexOf('=');
    const key = decode(cut === -1 ? pair : pair.slice(0, cut));
    const name = names.find((candidate) => candidate === key);
    if (name === undefined) continue;
    if (values[name] !== undefined) refuse('invalid_query', `${name} is given twice.`);
    const value = cut === -1 ? '' : decode(pair.slice(cut + 1));
    if (value === undefined) refuse('invalid_query', `${name} is not percent-encoded text.`);
    values[name] = value;
  }
  return values;
}

/** Ways to present a credential; who looks for them knows whether they count. */
const CREDENTIALS: readonly string[] = ['token', 'ticket'];

/**
 * A parameter that nobody reads is a mistake of the client's that it should hear of.
 *
 * @throws ProblemError `invalid_query` naming the parameter, if it looks like a name
 */
export function refuseOtherParameters(query: string, names: readonly string[]): void {
  for (const pair of query.split('&')) {
    const [text = ''] = pair.split('=');
    const key = decode(text) ?? text;
    if (key === '' || names.includes(key) || CREDENTIALS.includes(key)) continue;
    // Anything else might be a secret that slipped out of its place.
    const shown = /^[a-z_]{1,24}$/i.test(key) ? key : 'A parameter';
    const known = names.length === 0 ? 'none' : names.join(', ');
    refuse('invalid_query', `${shown} is not known here. Known: ${known}.`);
  }
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/**
 * @param schema of an integer that is never negative
 * @throws ProblemError `invalid_query` naming the parameter unless it is an integer in the range
 */
export function readInteger(
  name: string,
  value: string | undefined,
  schema: z.ZodInt,
): number | undefined {
  if (value === undefined) return undefined;
  const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (schema.safeParse(number).success) return number;
  const { minValue, maxValue } = schema;
  refuse('invalid_query', `${name} must be an integer from ${minValue} to ${maxValue}.`);
}
