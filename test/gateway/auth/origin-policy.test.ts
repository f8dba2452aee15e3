import { describe, expect, it } from 'vitest';
import { createOriginPolicy } from '../../../src/gateway/auth/origin-policy.ts';

describe('an origin policy', () => {
  const policy = createOriginPolicy(['https://Charts.example', 'http://localhost:5173/']);

  it.each([
    ['no origin at all', undefined, 'gate.example', true],
    ['an origin on the list', 'https://charts.example', 'gate.example', true],
    ['one with its port', 'http://localhost:5173', 'gate.example', true],
    ["the gateway's own page", 'http://127.0.0.1:8000', '127.0.0.1:8000', true],
    ['its own page behind TLS', 'https://gate.example', 'gate.example', true],
    [
      'its own page with the default port spelled out',
      'https://gate.example',
      'gate.example:443',
      true,
    ],
    ['another scheme', 'http://charts.example', 'gate.example', false],
    ['another port', 'https://charts.example:8443', 'gate.example', false],
    ['a subdomain', 'https://evil.charts.example', 'gate.example', false],
    ['a longer name', 'https://charts.example.evil.com', 'gate.example', false],
    ['another port of the own host', 'http://127.0.0.1:8001', '127.0.0.1:8000', false],
    ['the opaque origin', 'null', 'gate.example', false],
    ['an empty origin', '', 'gate.example', false],
    ['an origin with a path', 'https://charts.example/x', 'gate.example', false],
    ['an origin with credentials', 'https://gate.example@charts.example', 'gate.example', false],
    ['no host to compare with', 'https://gate.example', undefined, false],
    ['a host that is none', 'https://gate.example', 'a b', false],
    ['an extension', 'chrome-extension://abc', 'abc', false],
  ])('decides on %s', (_name, origin, host, allowed) => {
    expect(policy.allows(origin, host)).toBe(allowed);
  });

  it('allows all with an asterisk', () => {
    expect(createOriginPolicy(['*']).allows('https://any.example', 'x')).toBe(true);
  });

  it('is not made of entries that are no origins', () => {
    expect(() => createOriginPolicy(['charts.example'])).toThrow('"charts.example"');
    expect(() => createOriginPolicy(['https://charts.example/path'])).toThrow(/no origin/);
  });
});
