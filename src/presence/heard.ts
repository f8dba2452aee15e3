import { presenceSchema, type Presence } from './presence.ts';

/** A process that has said that it is there. */
export interface HeardPresence {
  readonly presence: Presence;
  /** How long ago, in ms of the server's clock. */
  readonly ageMs: number;
}

/**
 * Reads the hash of presences, in order of role and name. What cannot be read (of another version, say)
 * is left out.
 *
 * @param now the server's clock, ms since 1970
 */
export function readPresences(
  hash: Readonly<Record<string, string>>,
  now: number,
): HeardPresence[] {
  return Object.entries(hash)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, text]) => {
      const [, heard, json = ''] = /^(\d+) (.*)$/s.exec(text) ?? [];
      const presence = presenceSchema.safeParse(parse(json));
      if (!presence.success) return [];
      return [{ presence: presence.data, ageMs: Math.max(0, now - Number(heard)) }];
    });
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // The schema refuses it.
    return undefined;
  }
}
