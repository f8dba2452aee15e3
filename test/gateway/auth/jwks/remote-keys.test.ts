import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acceptedAlgorithms, publicAlgorithms } from '../../../../src/gateway/auth/algorithms.ts';
import { RemoteKeys } from '../../../../src/gateway/auth/jwks/remote-keys.ts';
import type { JwksTiming } from '../../../../src/gateway/auth/jwks/refresh-policy.ts';
import { createJwtVerifier } from '../../../../src/gateway/auth/jwt-verifier.ts';
import type { TokenVerifier, Verification } from '../../../../src/gateway/auth/identity.ts';
import { createTrustedKeys } from '../../../../src/gateway/auth/trusted-keys.ts';
import { EdgeMetrics } from '../../../../src/metrics/edge-metrics.ts';
import { JwksMetrics } from '../../../../src/metrics/jwks-metrics.ts';
import { eventually } from '../../../support/eventually.ts';
import { Issuer } from './issuer.ts';

const TIMING: JwksTiming = { maxAgeMs: 600_000, cooldownMs: 30_000, maxStaleMs: 3_600_000 };
/** Those that wait for it need patience; the others may be slow on a busy machine. */
const SHORT_TIMEOUT_MS = 1_000;

let issuer: Issuer;
let keys: RemoteKeys | null;
let verifier: TokenVerifier;
let registry: Registry;
/** By which the keys age; the test moves it. */
let now: number;
let warnings: string[];

beforeEach(async () => {
  issuer = await new Issuer().listen();
  issuer.makeKey('a');
  now = 1_000_000;
  warnings = [];
  keys = null;
});
afterEach(async () => {
  keys?.close();
  await issuer.close();
});

function trust(
  timing: Partial<JwksTiming> = {},
  clock: () => number = () => now,
  timeoutMs = 20_000,
): void {
  registry = new Registry();
  const algorithms = publicAlgorithms(acceptedAlgorithms(null));
  const log = {
    info: () => undefined,
    warn: (fields: { reason: string }) => void warnings.push(fields.reason),
    error: () => undefined,
  };
  keys = new RemoteKeys(
    { url: issuer.url, timeoutMs, timing: { ...TIMING, ...timing }, algorithms },
    { now: clock, metrics: new JwksMetrics(registry), log },
  );
  verifier = createJwtVerifier(
    {},
    {
      keys: createTrustedKeys([], { keys, algorithms }),
      clock: { now: Date.now },
      metrics: new EdgeMetrics(new Registry()),
      log,
    },
  );
  keys.start();
}

async function verify(kid: string, nameKey = true): Promise<Verification> {
  return verifier.verify(await issuer.token(kid, {}, nameKey));
}

/** Asks until the first set is there. */
async function untilLoaded(): Promise<void> {
  await eventually(() => expect(keys?.isLoaded).toBe(true));
}

/** A fetch that a token with a strange key causes, once the cooldown allows one. */
async function provokeFetch(): Promise<void> {
  now += TIMING.cooldownMs;
  issuer.makeKey('stranger', false);
  await verify('stranger');
}

describe('keys from an address', () => {
  it('are there for the first token already, which waits for them', async () => {
    trust();
    expect(await verify('a')).toMatchObject({ ok: true, identity: { subject: 'alice' } });
    expect(issuer.requests).toBe(1);
  });

  it('are also tried for tokens that name no key', async () => {
    issuer.makeKey('b');
    trust();
    await untilLoaded();
    expect(await verify('b', false)).toMatchObject({ ok: true });
  });

  it('do not fit a token that names another key than the one that signed it', async () => {
    issuer.makeKey('b');
    trust();
    await untilLoaded();
    const [header = '', ...rest] = (await issuer.token('a')).split('.');
    const named = JSON.parse(Buffer.from(header, 'base64url').toString()) as object;
    const renamed = Buffer.from(JSON.stringify({ ...named, kid: 'b' })).toString('base64url');
    expect(await verifier.verify([renamed, ...rest].join('.'))).toMatchObject({
      problem: 'invalid_signature',
    });
  });

  it('are learnt at once after a rotation, by many tokens with one fetch', async () => {
    trust();
    await untilLoaded();
    issuer.makeKey('b');
    const verifications = await Promise.all(
      Array.from({ length: 50 }, async (_, index) =>
        verifier.verify(await issuer.token('b', { jti: `t${index}` })),
      ),
    );
    expect(verifications.every(({ ok }) => ok)).toBe(true);
    expect(issuer.requests).toBe(2);
  });

  it('are fetched at most once in the cooldown, however many strange keys tokens name', async () => {
    trust();
    await untilLoaded();
    for (let index = 0; index < 200; index += 1) {
      const kid = `stranger-${index}`;
      issuer.makeKey(kid, false);
      expect(await verify(kid)).toMatchObject({ problem: 'invalid_signature' });
    }
    expect(issuer.requests).toBe(2);
    now += TIMING.cooldownMs;
    await verify('stranger-0');
    expect(issuer.requests).toBe(3);
  });

  it('are fetched again by themselves when they are too old', async () => {
    trust({ maxAgeMs: 30 }, () => performance.now());
    await eventually(() => expect(issuer.requests).toBeGreaterThan(3));
  });

  it('are trusted no longer once they are gone from the set, remembered tokens or not', async () => {
    trust();
    const token = await issuer.token('a');
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    issuer.keys = [];
    issuer.makeKey('b');
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    await provokeFetch();
    expect(await verifier.verify(token)).toMatchObject({ problem: 'invalid_signature' });
  });

  it('stay the same objects while they stay in the set, so that tokens stay remembered', async () => {
    trust();
    const token = await issuer.token('a');
    const first = await verifier.verify(token);
    await provokeFetch();
    const second = await verifier.verify(token);
    if (!first.ok || !second.ok) throw new Error('refused');
    expect(second.identity).toBe(first.identity);
  });
});

describe('an address that fails', () => {
  it.each<[string, Issuer['answer'], RegExp]>([
    ['hangs', () => undefined, /within 1000 ms/],
    [
      'hangs in the middle of its answer',
      (_request, response) => void response.write('{"keys":['),
      /within 1000 ms/,
    ],
    ['answers 500', (_request, response) => void response.writeHead(500).end('{}'), /status 500/],
    [
      'redirects',
      (_request, response) => void response.writeHead(302, { location: '/jwks2' }).end(),
      /status 302/,
    ],
    ['breaks the connection', (request) => void request.socket.destroy(), /cannot be reached/],
    [
      'floods',
      (_request, response) => {
        const flood = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536, ' ')));
        };
        response.on('drain', flood);
        flood();
      },
      /over 524288 bytes/,
    ],
    [
      'answers nonsense',
      (_request, response) => void response.end('<html>secret</html>'),
      /^the answer is not JSON$/,
    ],
  ])('that %s leaves the known keys in force', async (_name, answer, reason) => {
    trust({}, undefined, SHORT_TIMEOUT_MS);
    const before = await issuer.token('a');
    await untilLoaded();
    issuer.answer = answer;
    await provokeFetch();
    expect(warnings).toEqual([expect.stringMatching(reason)]);
    expect(await verifier.verify(before)).toMatchObject({ ok: true });
    expect(await registry.metrics()).toContain('jwks_refreshes_total{outcome="failed"} 1');
  });

  it('leaves them in force up to a bound, and then tokens cannot be checked', async () => {
    trust();
    const token = await issuer.token('a');
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    issuer.answer = (request) => void request.socket.destroy();
    now += TIMING.maxStaleMs - 1;
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    now += 1;
    expect(await verifier.verify(token)).toMatchObject({
      ok: false,
      problem: 'auth_unavailable',
      headers: { 'Retry-After': expect.stringMatching(/^\d+$/) as string },
    });
  });

  it('at the start makes tokens wait in vain, and is asked again by itself', async () => {
    issuer.answer = (_request, response) => void response.writeHead(503).end();
    trust({}, () => performance.now());
    expect(await verify('a')).toMatchObject({ ok: false, problem: 'auth_unavailable' });
    issuer.answer = issuer.serveKeys;
    await untilLoaded();
    expect(await verify('a')).toMatchObject({ ok: true });
  });
});
