import { ENV_PREFIX, envName } from './setting.ts';
import { SETTING_KEYS } from './settings.ts';

/** Names of this prefix belong to the test command, not to the program. */
const TEST_PREFIX = `${ENV_PREFIX}TEST_`;

/**
 * Kubernetes describes every Service of the namespace to every container in variables of these
 * shapes; a Service called `candlegate` or `candlegate-…` makes names that look like ours.
 */
const SERVICE_LINK =
  /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;
const SERVICE_LINK_VALUE = /^(tcp|udp|sctp):\/\//;

/** Whether a value was put there by Kubernetes rather than by a person. */
export function isServiceLinkValue(value: string): boolean {
  return SERVICE_LINK_VALUE.test(value);
}

function isServiceLink(name: string, value: string): boolean {
  return SERVICE_LINK.test(name) || (name.endsWith('_PORT') && isServiceLinkValue(value));
}

/** Names of the environment that begin like ours and mean nothing, in alphabetical order. */
export function unknownNames(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set(SETTING_KEYS.map(envName));
  return Object.entries(env)
    .filter(([name, value]) => value !== undefined && name.startsWith(ENV_PREFIX))
    .filter(([name]) => !known.has(name) && !name.startsWith(TEST_PREFIX))
    .filter(([name, value]) => !isServiceLink(name, value ?? ''))
    .map(([name]) => name)
    .sort();
}

/** Levenshtein distance: insertions, deletions and replacements from one text to the other. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The letters of a name in order, so that swapped letters and swapped words look the same. */
function lettersOf(name: string): string {
  return Array.from(name).sort().join('');
}

/** The known name that was probably meant: near in spelling, the same letters, or a part of it. */
export function probablyMeant(name: string): string | undefined {
  const bare = name.slice(ENV_PREFIX.length).toUpperCase().slice(0, 64);
  const letters = lettersOf(bare);
  let best: { known: string; distance: number } | undefined;
  for (const key of SETTING_KEYS) {
    const known = envName(key).slice(ENV_PREFIX.length);
    const isPart = bare.length >= 4 && known.startsWith(`${bare}_`);
    const isWhole = bare.startsWith(`${known}_`);
    const distance =
      lettersOf(known) === letters ? 0 : isPart || isWhole ? 1 : editDistance(bare, known);
    if (best === undefined || distance < best.distance) best = { known, distance };
  }
  if (best === undefined) return undefined;
  const bound = Math.max(1, Math.floor(Math.max(bare.length, best.known.length) / 3));
  return best.distance <= bound ? ENV_PREFIX + best.known : undefined;
}
