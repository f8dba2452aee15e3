import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { pemText } from '../../src/config/pem.ts';
import { makeCertificate } from '../support/redis-certificate.ts';

const TLS_URL = { CANDLEGATE_REDIS_URL: 'rediss://user:secret@redis.example' };
const own = makeCertificate();
const other = makeCertificate();

/** How ingest reaches Redis, or what is wrong with that. */
function read(env: Record<string, string>) {
  const loaded = loadConfig('ingest', { env });
  if (loaded.ok) return loaded.config.redis;
  return loaded.mistakes.map(({ variable, message }) => `${variable} ${message}`);
}

describe('how Redis is reached', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'candlegate-config-'));
    await writeFile(path.join(folder, 'ca.pem'), own.certificate + other.certificate);
    await writeFile(path.join(folder, 'none.pem'), 'no certificate');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is a single server without TLS by default', () => {
    expect(read({})).toEqual({
      url: 'redis://127.0.0.1:6379',
      commandTimeoutMs: 2000,
      sentinel: null,
      clusterNodes: [],
      tls: { ca: null, certificate: null, key: null },
    });
  });

  it('is a master that sentinels name, with their usual port where none is given', () => {
    const env = {
      CANDLEGATE_REDIS_SENTINELS: 's1.example, 10.0.0.2:26380,[fd00::3]:26381,[fd00::4]',
      CANDLEGATE_REDIS_SENTINEL_NAME: 'candles',
      CANDLEGATE_REDIS_SENTINEL_PASSWORD: 'x',
    };
    expect(read(env)).toMatchObject({
      sentinel: {
        addresses: [
          { host: 's1.example', port: 26379 },
          { host: '10.0.0.2', port: 26380 },
          { host: 'fd00::3', port: 26381 },
          { host: 'fd00::4', port: 26379 },
        ],
        name: 'candles',
        username: null,
        password: 'x',
      },
    });
  });

  it('is a cluster by some of its nodes', () => {
    expect(read({ CANDLEGATE_REDIS_CLUSTER: 'n1,n2:7000' })).toMatchObject({
      clusterNodes: [
        { host: 'n1', port: 6379 },
        { host: 'n2', port: 7000 },
      ],
    });
  });

  it('takes certificates and keys as they are, in one line, or from a file', () => {
    const env = {
      ...TLS_URL,
      CANDLEGATE_REDIS_CA: path.join(folder, 'ca.pem'),
      CANDLEGATE_REDIS_CERT: own.certificate.replaceAll('\n', '\\n'),
      CANDLEGATE_REDIS_KEY: own.key,
    };
    const redis = read(env);
    if (Array.isArray(redis)) throw new Error(redis.join('\n'));
    const { tls } = redis;
    expect(pemText(tls.ca ?? '')).toBe(own.certificate + other.certificate);
    expect(pemText(tls.certificate ?? '')).toBe(`${own.certificate.trim()}\n`);
    expect(pemText(tls.key ?? '').trim()).toBe(own.key.trim());
  });

  it('reports what is wrong in one variable, without repeating anything of a key', () => {
    expect(
      read({
        CANDLEGATE_REDIS_URL: 'rediss://user:50%@redis.example/first',
        CANDLEGATE_REDIS_SENTINELS: 's1:26379,s2:0',
        CANDLEGATE_REDIS_CLUSTER: 'redis://n1:7000',
        CANDLEGATE_REDIS_CA: path.join(folder, 'missing.pem'),
        CANDLEGATE_REDIS_CERT: path.join(folder, 'none.pem'),
        CANDLEGATE_REDIS_KEY: own.certificate,
      }),
    ).toEqual([
      'CANDLEGATE_REDIS_URL must give user and password with `%` written `%25`, and the database, if any, by its number',
      'CANDLEGATE_REDIS_SENTINELS must be a comma list of sentinels as `host:port` (entry 2 is none), not "s1:26379,s2:0"',
      'CANDLEGATE_REDIS_CLUSTER must be a comma list of cluster nodes as `host:port` (entry 1 is none), not "redis://n1:7000"',
      'CANDLEGATE_REDIS_CA must be a certificate in PEM, or the path of a file that holds it (ENOENT)',
      'CANDLEGATE_REDIS_CERT must be a certificate in PEM, or the path of a file that holds it',
      'CANDLEGATE_REDIS_KEY must be a private key without a passphrase in PEM, or the path of a file that holds it',
    ]);
  });

  it('reports what does not go together', () => {
    const sentinels = { CANDLEGATE_REDIS_SENTINELS: 's1' };
    const cluster = { CANDLEGATE_REDIS_CLUSTER: 'n1' };
    const named = { CANDLEGATE_REDIS_SENTINEL_NAME: 'candles' };
    expect(read({ ...sentinels, ...named, ...cluster })).toEqual([
      'CANDLEGATE_REDIS_CLUSTER and CANDLEGATE_REDIS_SENTINELS exclude each other: a cluster promotes its replicas itself',
    ]);
    expect(read(sentinels)).toEqual([
      'CANDLEGATE_REDIS_SENTINEL_NAME is needed with CANDLEGATE_REDIS_SENTINELS: a sentinel may watch several masters',
    ]);
    expect(read({ ...named, CANDLEGATE_REDIS_SENTINEL_PASSWORD: 'x' })).toEqual([
      'CANDLEGATE_REDIS_SENTINEL_NAME means nothing without CANDLEGATE_REDIS_SENTINELS',
      'CANDLEGATE_REDIS_SENTINEL_PASSWORD means nothing without CANDLEGATE_REDIS_SENTINELS',
    ]);
    expect(read({ ...sentinels, ...named, CANDLEGATE_REDIS_SENTINEL_USERNAME: 'u' })).toEqual([
      'CANDLEGATE_REDIS_SENTINEL_USERNAME needs CANDLEGATE_REDIS_SENTINEL_PASSWORD beside it',
    ]);
    expect(read({ ...cluster, CANDLEGATE_REDIS_URL: 'redis://n1/2' })).toEqual([
      'CANDLEGATE_REDIS_URL must not name a database: a cluster has only database 0',
    ]);
    expect(read({ CANDLEGATE_REDIS_CA: own.certificate })).toEqual([
      'CANDLEGATE_REDIS_CA means nothing unless CANDLEGATE_REDIS_URL begins with rediss:// (TLS)',
    ]);
    expect(read({ ...TLS_URL, CANDLEGATE_REDIS_CERT: own.certificate })).toEqual([
      'CANDLEGATE_REDIS_KEY is needed with CANDLEGATE_REDIS_CERT',
    ]);
    expect(read({ ...TLS_URL, CANDLEGATE_REDIS_KEY: own.key })).toEqual([
      'CANDLEGATE_REDIS_CERT is needed with CANDLEGATE_REDIS_KEY',
    ]);
    const foreign = { CANDLEGATE_REDIS_CERT: own.certificate, CANDLEGATE_REDIS_KEY: other.key };
    expect(read({ ...TLS_URL, ...foreign })).toEqual([
      'CANDLEGATE_REDIS_KEY is not the key of the certificate in CANDLEGATE_REDIS_CERT',
    ]);
  });
});
