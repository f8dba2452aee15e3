import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { mintToken } from '../../../src/gateway/auth/mint.ts';
import type { ChannelGrant } from '../../../src/gateway/auth/channel-grant.ts';
import { identityOf, NOW, SECRET, token, unsigned, verifierWith } from './tokens.ts';

const SECONDS = NOW / 1000;

function pem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

function signed(alg: string, key: KeyObject): Promise<string> {
  return new SignJWT({ sub: 'alice', iat: SECONDS, exp: SECONDS + 60 })
    .setProtectedHeader({ alg })
    .sign(key);
}

describe('a verifier with a secret', () => {
  it('accepts a good token and says who it speaks for and when it ends', async () => {
    const verification = await verifierWith().verify(await token());
    expect(verification).toEqual({
      ok: true,
      identity: identityOf(),
    });
  });

  it.each([
    [
      'a token signed with another secret',
      'invalid_signature',
      () => token({}, { secret: 'x'.repeat(40) }),
    ],
    ['an expired token', 'expired_token', () => token({ exp: SECONDS - 6 })],
    ['a token whose nbf lies ahead', 'token_not_yet_valid', () => token({ nbf: SECONDS + 6 })],
    ['a token without exp', 'invalid_claims', () => token({ exp: undefined })],
    ['a token without iat', 'invalid_claims', () => token({ iat: undefined })],
    ['a token without sub', 'invalid_claims', () => token({ sub: undefined })],
    ['an empty sub', 'invalid_claims', () => token({ sub: '' })],
    ['a sub of another type', 'invalid_claims', () => token({ sub: 7 })],
    ['an exp of another type', 'invalid_claims', () => token({ exp: 'tomorrow' })],
    ['an exp beyond any date', 'invalid_claims', () => token({ exp: 1e300 })],
    ['an iat that lies ahead', 'token_not_yet_valid', () => token({ iat: SECONDS + 6 })],
    ['an iat of another type', 'invalid_claims', () => token({ iat: 'now' })],
    ['a jti of another type', 'invalid_claims', () => token({ jti: 7 })],
    ['a jti that is too long', 'invalid_claims', () => token({ jti: 'x'.repeat(257) })],
    ['a plan of another type', 'invalid_claims', () => token({ plan: ['gold'] })],
    ['a channel pattern that is none', 'invalid_claims', () => token({ channels: ['*'] })],
    ['an nbf of another type', 'invalid_claims', () => token({ nbf: 'now' })],
    [
      'another HMAC algorithm',
      'unsupported_algorithm',
      () => token({}, { alg: 'HS512', secret: SECRET.repeat(2) }),
    ],
    [
      'alg none',
      'unsupported_algorithm',
      () => unsigned({ alg: 'none' }, { sub: 'alice', exp: SECONDS + 60 }),
    ],
    [
      'alg None with a signature',
      'unsupported_algorithm',
      () => unsigned({ alg: 'None' }, { sub: 'alice', exp: SECONDS + 60 }, 'AAAA'),
    ],
    ['no alg', 'malformed_token', () => unsigned({ typ: 'JWT' }, { sub: 'alice' }, 'AAAA')],
    [
      'an unknown critical header',
      'malformed_token',
      () => unsigned({ alg: 'HS256', crit: ['x'], x: 1 }, { sub: 'alice' }, 'AAAA'),
    ],
    ['an empty token', 'malformed_token', () => ''],
    ['text that is no JWT', 'malformed_token', () => 'hunter2'],
    ['five parts', 'malformed_token', () => 'a.b.c.d.e'],
    ['a token that is too long', 'malformed_token', () => token({ pad: 'x'.repeat(8192) })],
  ])('refuses %s with %s', async (_name, problem, make) => {
    const presented = await make();
    const verification = await verifierWith().verify(presented);
    expect(verification).toMatchObject({ ok: false, problem });
    if (!verification.ok && presented !== '') expect(verification.detail).not.toContain(presented);
  });

  it('says all that the claims say', async () => {
    const claims = { jti: 't1', plan: 'gold', channels: ['candles:btcusdt:1m'] };
    expect(await verifierWith().verify(await token(claims))).toEqual({
      ok: true,
      identity: identityOf({
        issuedAt: NOW,
        tokenId: 't1',
        plan: 'gold',
        grant: expect.objectContaining({ patterns: ['candles:BTCUSDT:1'] }) as ChannelGrant,
      }),
    });
  });

  it('refuses tokens that live for too long from iat', async () => {
    const verifier = verifierWith({ secret: SECRET, maxLifetimeMs: 7_200_000 });
    const longLived = { iat: SECONDS - 7000, exp: SECONDS + 3600 };
    expect(await verifier.verify(await token())).toMatchObject({ ok: true });
    expect(await verifier.verify(await token(longLived))).toMatchObject({
      problem: 'invalid_claims',
      detail: expect.stringContaining('longer') as string,
    });
  });

  it('accepts the previous secret, too, and only where it is configured', async () => {
    const previousSecret = 'p'.repeat(32);
    const old = await token({}, { secret: previousSecret });
    const rotating = verifierWith({ secret: SECRET, previousSecret });
    expect(await rotating.verify(old)).toMatchObject({ ok: true });
    expect(await rotating.verify(await token())).toMatchObject({ ok: true });
    expect(await rotating.verify(await token({}, { secret: 'x'.repeat(32) }))).toMatchObject({
      problem: 'invalid_signature',
    });
    expect(await verifierWith().verify(old)).toMatchObject({ problem: 'invalid_signature' });
  });

  it('checks typ where it is configured', async () => {
    const verifier = verifierWith({ secret: SECRET, type: 'at+jwt' });
    for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt']) {
      expect(await verifier.verify(await token({}, { typ }))).toMatchObject({ ok: true });
    }
    for (const options of [{}, { typ: 'JWT' }]) {
      expect(await verifier.verify(await token({}, options))).toMatchObject({
        problem: 'invalid_claims',
        detail: expect.stringContaining('typ') as string,
      });
    }
  });

  it('allows five seconds for the clock of the issuer', async () => {
    const verifier = verifierWith();
    expect(await verifier.verify(await token({ exp: SECONDS - 4 }))).toMatchObject({ ok: true });
    expect(await verifier.verify(await token({ nbf: SECONDS + 4 }))).toMatchObject({ ok: true });
  });

  it('never accepts and never rejects on arbitrary text', async () => {
    const verifier = verifierWith();
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.base64String()), async (text) => {
        expect((await verifier.verify(text)).ok).toBe(false);
        expect((await verifier.verify(`${text}.${text}.${text}`)).ok).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  it('refuses a good token of which any one character of the signature was changed', async () => {
    const verifier = verifierWith();
    const good = await token();
    const signature = good.lastIndexOf('.') + 1;
    for (let index = signature; index < good.length - 1; index += 7) {
      const changed = good[index] === 'A' ? 'B' : 'A';
      const forged = good.slice(0, index) + changed + good.slice(index + 1);
      expect(await verifier.verify(forged)).toMatchObject({ problem: 'invalid_signature' });
    }
  });
});

describe('a verifier that remembers tokens', () => {
  it('refuses a remembered token once it has expired', async () => {
    let now = NOW;
    const verifier = verifierWith({ secret: SECRET, clockToleranceMs: 0 }, () => now);
    const presented = await token({ exp: SECONDS + 10 });
    expect(await verifier.verify(presented)).toMatchObject({ ok: true });
    now = NOW + 9_999;
    expect(await verifier.verify(presented)).toMatchObject({ ok: true });
    now = NOW + 10_000;
    expect(await verifier.verify(presented)).toMatchObject({ problem: 'expired_token' });
  });

  it('gives the same object again, also to those who ask at the same time', async () => {
    const verifier = verifierWith();
    const presented = await token();
    const [one, other] = await Promise.all([
      verifier.verify(presented),
      verifier.verify(presented),
    ]);
    const again = await verifier.verify(presented);
    if (!one.ok || !other.ok || !again.ok) throw new Error('refused');
    expect(other.identity).toBe(one.identity);
    expect(again.identity).toBe(one.identity);
  });
});

describe('a verifier with an issuer and an audience', () => {
  const verifier = verifierWith({
    secret: SECRET,
    issuer: 'https://id.example',
    audience: 'candles',
  });
  const good = { iss: 'https://id.example', aud: ['other', 'candles'] };

  it('accepts a token of that issuer for that audience', async () => {
    expect(await verifier.verify(await token(good))).toMatchObject({ ok: true });
  });

  it.each([
    ['another issuer', 'invalid_issuer', { ...good, iss: 'https://evil.example' }],
    ['no issuer', 'invalid_issuer', { ...good, iss: undefined }],
    ['another audience', 'invalid_audience', { ...good, aud: 'trades' }],
    ['no audience', 'invalid_audience', { ...good, aud: undefined }],
  ])('refuses %s', async (_name, problem, claims) => {
    expect(await verifier.verify(await token(claims))).toMatchObject({ ok: false, problem });
  });
});

describe('a verifier with a public key', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ed = generateKeyPairSync('ed25519');

  it.each([
    ['RS256', rsa],
    ['PS256', rsa],
    ['ES256', ec],
    ['EdDSA', ed],
  ])('accepts %s, with the key as PEM, as PEM on one line and as JWK', async (alg, pair) => {
    const presented = await signed(alg, pair.privateKey);
    const text = pem(pair.publicKey);
    const jwk = JSON.stringify(pair.publicKey.export({ format: 'jwk' }));
    for (const publicKey of [text, text.replaceAll('\n', '\\n'), jwk]) {
      expect(await verifierWith({ publicKey }).verify(presented)).toMatchObject({ ok: true });
    }
  });

  it('accepts only the configured algorithms', async () => {
    const publicKey = pem(rsa.publicKey);
    const verifier = verifierWith({ publicKey, algorithms: ['PS256'] });
    expect(await verifier.verify(await signed('PS256', rsa.privateKey))).toMatchObject({
      ok: true,
    });
    expect(await verifier.verify(await signed('RS256', rsa.privateKey))).toMatchObject({
      problem: 'unsupported_algorithm',
    });
    expect(() => verifierWith({ publicKey, algorithms: ['ES256'] })).toThrow(/not accepted/);
    const edKey = verifierWith({ publicKey: pem(ed.publicKey), algorithms: ['EdDSA'] });
    expect(await edKey.verify(await signed('Ed25519', ed.privateKey))).toMatchObject({ ok: true });
  });

  it('refuses HS256 made with the public key as the secret', async () => {
    const publicKey = pem(rsa.publicKey);
    const forged = await token({}, { secret: publicKey });
    expect(await verifierWith({ publicKey }).verify(forged)).toMatchObject({
      problem: 'unsupported_algorithm',
    });
    const both = verifierWith({ publicKey, secret: SECRET });
    expect(await both.verify(forged)).toMatchObject({ problem: 'invalid_signature' });
  });

  it('takes tokens of the secret and of the key when both are configured', async () => {
    const verifier = verifierWith({ secret: SECRET, publicKey: pem(ec.publicKey) });
    expect(await verifier.verify(await token())).toMatchObject({ ok: true });
    expect(await verifier.verify(await signed('ES256', ec.privateKey))).toMatchObject({ ok: true });
  });

  it('is not made with a key that should not be trusted', () => {
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const privatePem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const privateJwk = JSON.stringify(ed.privateKey.export({ format: 'jwk' }));
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    expect(() => verifierWith({})).toThrow(/no key/);
    expect(() => verifierWith({ secret: 'short' })).toThrow(/32 bytes/);
    expect(() => verifierWith({ publicKey: pem(small.publicKey) })).toThrow(/2048/);
    expect(() => verifierWith({ publicKey: privatePem })).toThrow(/BEGIN PUBLIC KEY/);
    expect(() => verifierWith({ publicKey: privateJwk })).toThrow(/private/);
    expect(() => verifierWith({ publicKey: pem(p384.publicKey) })).toThrow(/P-256/);
    expect(() => verifierWith({ publicKey: '{nonsense' })).toThrow(/neither PEM nor JSON/);
  });
});

describe('minting', () => {
  it('makes a token that the verifier accepts until its time is over', async () => {
    const request = {
      secret: SECRET,
      subject: 'dev',
      ttlMs: 60_000,
      now: NOW,
      channels: ['candles:BTCUSDT:*'],
    };
    const minted = await mintToken({ ...request, issuer: 'i', audience: 'a' });
    const settings = { secret: SECRET, issuer: 'i', audience: 'a', clockToleranceMs: 0 };
    expect(await verifierWith(settings).verify(minted)).toEqual({
      ok: true,
      identity: identityOf({
        subject: 'dev',
        expiresAt: NOW + 60_000,
        issuedAt: NOW,
        grant: expect.objectContaining({ patterns: ['candles:BTCUSDT:*'] }) as ChannelGrant,
      }),
    });
    const late = verifierWith(settings, () => NOW + 60_001);
    expect(await late.verify(minted)).toMatchObject({ problem: 'expired_token' });
    const [, payload = ''] = minted.split('.');
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
      channels: ['candles:BTCUSDT:*'],
    });
  });
});
