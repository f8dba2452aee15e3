import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { acceptedAlgorithms, publicAlgorithms } from '../../../../src/gateway/auth/algorithms.ts';
import { readJwkSet } from '../../../../src/gateway/auth/jwks/jwk-set.ts';

const ALL = publicAlgorithms(acceptedAlgorithms(null));
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const ed = generateKeyPairSync('ed25519');

const RSA = rsa.publicKey.export({ format: 'jwk' });
const EC = ec.publicKey.export({ format: 'jwk' });
const ED = ed.publicKey.export({ format: 'jwk' });

function read(keys: readonly unknown[], accepted = ALL): ReturnType<typeof readJwkSet> {
  return readJwkSet(JSON.stringify({ keys }), accepted);
}

describe('a JWK set', () => {
  it.each<[string, JsonWebKey, readonly string[]]>([
    ['RSA', RSA, ['RS256', 'PS256']],
    ['RSA for RS256', { ...RSA, alg: 'RS256', use: 'sig' }, ['RS256']],
    ['RSA for PS256', { ...RSA, alg: 'PS256', key_ops: ['verify'] }, ['PS256']],
    ['P-256', EC, ['ES256']],
    ['Ed25519', ED, ['EdDSA', 'Ed25519']],
    ['Ed25519 by its old name', { ...ED, alg: 'EdDSA' }, ['EdDSA', 'Ed25519']],
    ['Ed25519 by its new name', { ...ED, alg: 'Ed25519' }, ['EdDSA', 'Ed25519']],
  ])('gives %s its algorithms', (_name, jwk, algorithms) => {
    const { keys, leftOut } = read([{ ...jwk, kid: 'a' }]);
    expect(leftOut).toEqual([]);
    expect(keys).toMatchObject([{ keyId: 'a', algorithms }]);
  });

  it.each<[string, unknown]>([
    ['a key for encryption', { ...RSA, use: 'enc' }],
    ['a key for signing only', { ...RSA, key_ops: ['sign'] }],
    ['a key with wrong key_ops', { ...RSA, key_ops: 'verify' }],
    ['a key for another algorithm', { ...RSA, alg: 'RS512' }],
    ['a key for an algorithm of another type', { ...RSA, alg: 'ES256' }],
    ['a secret', { kty: 'oct', k: 'c2VjcmV0', alg: 'HS256' }],
    ['a private key', rsa.privateKey.export({ format: 'jwk' })],
    ['a weak key', weak.publicKey.export({ format: 'jwk' })],
    ['a key with the exponent one', { ...RSA, e: 'AQ' }],
    ['another curve', p384.publicKey.export({ format: 'jwk' })],
    ['a point that is not on the curve', { ...EC, y: EC.x }],
    ['half a key', { kty: 'RSA', n: RSA.n }],
    ['a type that nobody knows', { kty: 'PQ', x: 'AAAA' }],
    ['a kid of another type', { ...RSA, kid: 7 }],
    ['a number', 7],
    ['null', null],
  ])('leaves out %s, and keeps the others', (_name, jwk) => {
    const { keys, leftOut } = read([jwk, { ...EC, kid: 'good' }]);
    expect(keys).toMatchObject([{ keyId: 'good' }]);
    expect(leftOut).toHaveLength(1);
  });

  it('leaves out keys of algorithms that the operator does not accept', () => {
    const { keys } = read([RSA, EC], publicAlgorithms(acceptedAlgorithms(['PS256', 'HS256'])));
    expect(keys).toMatchObject([{ algorithms: ['PS256'] }]);
  });

  it.each([
    ['no JSON', 'hello {"kty":"RSA"}'],
    ['a list', '[]'],
    ['no keys', '{"key":[]}'],
    ['keys that are no list', '{"keys":{}}'],
    ['too many keys', JSON.stringify({ keys: Array.from({ length: 101 }, () => ED) })],
  ])('is refused as a whole: %s', (_name, text) => {
    expect(() => readJwkSet(text, ALL)).toThrow(/^the answer/);
    expect(() => readJwkSet(text, ALL)).not.toThrow(/kty|hello/);
  });

  it('tells equal keys by their fingerprint, and by nothing that does not matter', () => {
    const [one] = read([{ ...RSA, kid: 'a' }]).keys;
    const [same] = read([{ kid: 'a', use: 'sig', x5t: 'whatever', ...RSA }]).keys;
    const [renamed] = read([{ ...RSA, kid: 'b' }]).keys;
    expect(same?.fingerprint).toBe(one?.fingerprint);
    expect(renamed?.fingerprint).not.toBe(one?.fingerprint);
  });
});
