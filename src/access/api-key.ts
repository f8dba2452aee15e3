import { randomInt } from 'node:crypto';
import { createSecretText, hashOf, isSecretText } from './secret-text.ts';

const ID_CHARS = 10;
const ID_DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** A key of a machine, as its holder has it: `cgk_{id}_{secret}{checksum}`. */
export interface ApiKey {
  /** Names the key in lists, logs and revocations; not secret. */
  readonly id: string;
  /** The whole key. Shown once, stored nowhere. */
  readonly text: string;
  /** What is stored of it. */
  readonly hash: string;
}

/** Makes a key with a random id and a random secret of 256 bits. */
export function createApiKey(): ApiKey {
  let id = '';
  while (id.length < ID_CHARS) id += ID_DIGITS[randomInt(ID_DIGITS.length)] ?? '';
  const text = createSecretText(prefixOf(id));
  return { id, text, hash: hashOf(text) };
}

/** Reads what a client presents; undefined for what cannot be a key. */
export function readApiKey(text: string): Omit<ApiKey, 'text'> | undefined {
  const id = /^cgk_([0-9a-z]{10})_/.exec(text)?.[1];
  if (id === undefined || !isSecretText(text, prefixOf(id))) return undefined;
  return { id, hash: hashOf(text) };
}

function prefixOf(id: string): string {
  return `cgk_${id}_`;
}
