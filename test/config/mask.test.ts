import fc from 'fast-check';
import { expect, it } from 'vitest';
import { maskUrl } from '../../src/config/mask.ts';

it.each([
  ['redis://127.0.0.1:6379', 'redis://127.0.0.1:6379'],
  ['redis://:hunter2@r.example:6379/0', 'redis://:***@r.example:6379/0'],
  ['rediss://app:hunter2@r.example', 'rediss://***:***@r.example'],
  ['redis://r.example?password=hunter2&db=1', 'redis://r.example?password=***&db=1'],
  ['wss://x.example/v5?apiKey=hunter2#frag', 'wss://x.example/v5?apiKey=***#***'],
  ['not a url hunter2', '***'],
])('%s is shown as %s', (url, shown) => {
  expect(maskUrl(url)).toBe(shown);
});

it('shows no password, whatever it is', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9]{8,20}$/), fc.webUrl(), (password, base) => {
      const url = new URL(base);
      url.password = `q${password}`;
      expect(maskUrl(url.href)).not.toContain(`q${password}`);
      expect(maskUrl(url.href)).toContain(url.host);
    }),
    { numRuns: 40 },
  );
});
