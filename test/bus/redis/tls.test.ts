import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { standaloneConnections } from '../../../src/redis/connections.ts';
import { ACL_LOGIN, makeAclUser, refusals } from '../../support/redis-acl.ts';
import { startTlsRedis, type TlsRedis } from '../../support/redis-tls.ts';
import { BTC } from '../fixtures.ts';
import { describeBus } from '../bus-suite.ts';
import { openRedisWorld, PATIENT_MS, type RedisWorld } from './redis-world.ts';

/** How long a connection that will not come about is waited for. */
const REFUSED_WITHIN_MS = 1_500;
const FENCE = { token: 1_745_000_000_000, worker: 'w1' };

describe('over TLS', () => {
  let redis: TlsRedis;
  let raw: Redis;

  beforeAll(async () => {
    redis = await startTlsRedis();
    raw = new Redis(redis.plainUrl);
    await makeAclUser(raw, 'server');
    await raw.acl('LOG', 'RESET');
  });
  afterAll(async () => {
    raw.disconnect();
    await redis.stop();
  });

  function open(
    tls: { ca?: string; certificate?: string; key?: string },
    login = ACL_LOGIN,
    commandTimeoutMs = PATIENT_MS,
  ): RedisWorld {
    const url = `rediss://${login}@127.0.0.1:${redis.tlsPort}/3`;
    const connections = standaloneConnections({ url, tls, commandTimeoutMs });
    return openRedisWorld(`${redis.plainUrl}/3`, undefined, { connections });
  }

  async function claimWith(tls: Parameters<typeof open>[0], login?: string) {
    const world = open(tls, login, REFUSED_WITHIN_MS);
    try {
      return await world.publisher().claim(BTC, FENCE);
    } finally {
      await world.close();
    }
  }

  describeBus('with a certificate of its own, as the documented user, in database 3', async () => {
    await raw.flushall();
    return open({ ca: redis.certificate, certificate: redis.certificate, key: redis.key });
  });

  it('has needed no right that the documentation does not name', async () => {
    expect(await refusals(raw)).toEqual([]);
  });

  it('is refused a server whose authority is not known', async () => {
    const { certificate, key } = redis;
    await expect(claimWith({ certificate, key })).rejects.toThrow(/self.signed certificate/);
  });

  it('is refused by a server that wants a certificate', async () => {
    await expect(claimWith({ ca: redis.certificate })).rejects.toThrow('claim of');
  });

  it('is refused by a server that does not know the password', async () => {
    const { certificate, key } = redis;
    const tls = { ca: certificate, certificate, key };
    await expect(claimWith(tls, 'candlegate:wrong')).rejects.toThrow('WRONGPASS');
  });
});
