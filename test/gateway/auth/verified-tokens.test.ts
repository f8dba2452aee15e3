import { describe, expect, it } from 'vitest';
import { secretKey } from '../../../src/gateway/auth/verification-keys.ts';
import { VerifiedTokens } from '../../../src/gateway/auth/verified-tokens.ts';
import { identityOf, NOW, SECRET } from './tokens.ts';

describe('a flood', () => {
  it('of distinct tokens leaves no more remembered than there is room for', () => {
    const tokens = new VerifiedTokens(1_000);
    const token = { identity: identityOf(), key: secretKey(SECRET) };
    const names = Array.from({ length: 100_000 }, (_, index) => String(index));
    for (const name of names) tokens.add(name, token);
    const remembered = names.filter((name) => tokens.get(name, NOW, { trusts: () => true }));
    expect(remembered).toEqual(names.slice(-1_000));
  });
});
