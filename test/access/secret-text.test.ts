import { describe, expect, it } from 'vitest';
import { createApiKey, readApiKey } from '../../src/access/api-key.ts';
import { hashOf, isSameHash } from '../../src/access/secret-text.ts';
import { createTicket, readTicket } from '../../src/access/ticket.ts';

describe('an API key', () => {
  const key = createApiKey();

  it('names itself, is recognised, and is stored as a hash', () => {
    expect(key.text).toMatch(/^cgk_[0-9a-z]{10}_[0-9A-Za-z]{49}$/);
    expect(readApiKey(key.text)).toEqual({ id: key.id, hash: key.hash });
    expect(key.hash).toBe(hashOf(key.text));
    expect(key.text).toContain(key.id);
  });

  it('is another one each time', () => {
    const keys = Array.from({ length: 100 }, createApiKey);
    expect(new Set(keys.map(({ id }) => id)).size).toBe(100);
    expect(new Set(keys.map(({ text }) => text.slice(15))).size).toBe(100);
  });

  it('is not one with any character changed, missing or added', () => {
    for (let index = 0; index < key.text.length; index += 1) {
      const changed = key.text[index] === 'a' ? 'b' : 'a';
      const before = key.text.slice(0, index);
      expect(readApiKey(before + changed + key.text.slice(index + 1))).toBeUndefined();
      expect(readApiKey(before + key.text.slice(index + 1))).toBeUndefined();
    }
    for (const text of [
      '',
      'cgk_',
      `${key.text}a`,
      ` ${key.text}`,
      `${key.text}\n`,
      'x'.repeat(9_000),
    ]) {
      expect(readApiKey(text)).toBeUndefined();
    }
  });
});

describe('a ticket', () => {
  it('is recognised, and is no API key', () => {
    const { text, hash } = createTicket();
    expect(text).toMatch(/^cgt_[0-9A-Za-z]{49}$/);
    expect(readTicket(text)).toBe(hash);
    expect(readTicket(`${text}a`)).toBeUndefined();
    expect(readTicket(createApiKey().text)).toBeUndefined();
    expect(readApiKey(text)).toBeUndefined();
  });
});

it('compares hashes', () => {
  expect(isSameHash('abc', 'abc')).toBe(true);
  expect(isSameHash('abc', 'abd')).toBe(false);
  expect(isSameHash('abc', 'abcd')).toBe(false);
});
