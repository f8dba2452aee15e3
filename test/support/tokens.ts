import { mintToken } from '../../src/gateway/auth/mint.ts';
import { TEST_SECRET } from './role-process.ts';

/** A token that processes of `startRole` accept, good for an hour unless a test wants another time. */
export function testToken(ttlMs = 3_600_000): Promise<string> {
  return mintToken({ secret: TEST_SECRET, subject: 'tester', ttlMs, now: Date.now() });
}
