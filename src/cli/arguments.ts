import { InvalidArgumentError } from 'commander';
import { parseDuration } from './duration.ts';

/** Readers of arguments, for commander. */

export function readDuration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('Say for example 90s, 15m, 1h or 7d.');
  return ms;
}

/** A name of 1 to `maxChars` characters, none of them a control character. */
export function nameReader(maxChars: number): (text: string) => string {
  return (text) => {
    if (text.trim() === '') throw new InvalidArgumentError('It must not be empty.');
    if (text.length > maxChars || /\p{Cc}/u.test(text)) {
      throw new InvalidArgumentError(
        `It must have at most ${maxChars} characters, none of them a control character.`,
      );
    }
    return text;
  };
}

/** A point in time (ISO 8601, with `Z` or an offset) or a duration from now, in ms since 1970. */
export function readTime(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return Date.now() + ms;
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text);
  const time = isTime ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new InvalidArgumentError('Say for example 2026-12-31T12:00:00Z, or 7d from now.');
  }
  return time;
}
