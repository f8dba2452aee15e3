import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * Secrets that are made here and handed to people: `prefix` + random text + checksum. The prefix lets
 * secret scanners and eyes recognise them, the checksum (of everything before it) tells a typo or a
 * scanner's false find from a wrong secret without asking any store.
 */

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BASE = BigInt(DIGITS.length);

const SECRET_BYTES = 32;
/** What 256 bits need in base 62. */
const SECRET_CHARS = 43;
const CHECKSUM_CHARS = 6;

/** Letters and digits only, so that a double click selects the whole and no URL has to escape it. */
function base62(bytes: Uint8Array, length: number): string {
  let value = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  let text = '';
  while (text.length < length) {
    text = (DIGITS[Number(value % BASE)] ?? '') + text;
    value /= BASE;
  }
  return text;
}

function checksum(text: string): string {
  return base62(createHash('sha256').update(text).digest().subarray(0, 8), CHECKSUM_CHARS);
}

/** A new secret of 256 random bits behind the prefix. */
export function createSecretText(prefix: string): string {
  const text = prefix + base62(randomBytes(SECRET_BYTES), SECRET_CHARS);
  return text + checksum(text);
}

/** Whether a text has the shape of a secret behind this prefix, and the right checksum. */
export function isSecretText(text: string, prefix: string): boolean {
  if (text.length !== prefix.length + SECRET_CHARS + CHECKSUM_CHARS) return false;
  if (!text.startsWith(prefix) || !/^[0-9A-Za-z_]+$/.test(text)) return false;
  return text.endsWith(checksum(text.slice(0, -CHECKSUM_CHARS)));
}

/**
 * What is stored instead of a secret: its SHA-256 in base64url. A slow, salted hash defends what
 * people choose; nobody can try 2^256 random texts, however quick each try is, and a look-up must be
 * cheap where clients that know no key can ask for it.
 */
export function hashOf(secretText: string): string {
  return createHash('sha256').update(secretText).digest('base64url');
}

/** Compares in constant time. */
export function isSameHash(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
