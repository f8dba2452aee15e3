import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createApiKey } from '../../src/access/api-key.ts';
import { createTicket } from '../../src/access/ticket.ts';
import { accessNames } from '../../src/access/redis/names.ts';
import { createRedisAccess, type RedisAccessDeps } from '../../src/access/redis/redis-access.ts';
import { RevocationsFullError, StoreUnavailableError } from '../../src/access/store-errors.ts';
import type { AccessStores } from '../../src/access/stores.ts';
import { standaloneConnections } from '../../src/redis/connections.ts';
import { ACL_LOGIN, makeAclUser, refusals } from '../support/redis-acl.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { CLAIMS, describeAccess, keyRecord, readAll } from './access-suite.ts';

const log = pino({ level: 'silent' });

let redis: TestRedis;
let raw: Redis;
beforeAll(async () => {
  redis = await startRedis();
  raw = new Redis(redis.url);
  raw.on('error', () => {
    // The server is stopped on purpose here.
  });
  await makeAclUser(raw, 'server');
  await raw.acl('LOG', 'RESET');
});
afterAll(async () => {
  raw.disconnect();
  await redis.stop();
});
beforeEach(async () => {
  await raw.flushall();
});

function open(more: Partial<RedisAccessDeps> = {}): AccessStores {
  const url = redis.url.replace('://', `://${ACL_LOGIN}@`);
  const connections = standaloneConnections({ url, commandTimeoutMs: 2_000 });
  return createRedisAccess({ connections, log, ...more });
}

describeAccess('the stores in Redis, as the documented user', () => {
  const opened: AccessStores[] = [];
  return {
    open() {
      const stores = open();
      opened.push(stores);
      return stores;
    },
    async close() {
      await Promise.all(opened.map((stores) => stores.close()));
    },
  };
});

it('has needed no right that the documentation does not name', async () => {
  expect(await refusals(raw)).toEqual([]);
});

describe('what lies in Redis', () => {
  let stores: AccessStores;
  beforeEach(() => {
    stores = open();
    return () => stores.close();
  });

  it('holds no key and no ticket, only their hashes', async () => {
    const { id, text, hash } = createApiKey();
    await stores.keys.add(keyRecord(id, { hash }));
    const dump = JSON.stringify(await raw.hgetall(accessNames().keys));
    expect(dump).toContain(hash);
    expect(dump).not.toContain(text.slice(-20));
    const ticket = createTicket();
    await stores.tickets.put(ticket.hash, CLAIMS, 60_000);
    const names = await raw.keys('*');
    expect(names.some((name) => name.includes(ticket.hash))).toBe(true);
    expect(names.join()).not.toContain(ticket.text.slice(-20));
  });

  it('may be a ticket of a gateway that took tokens without iat', async () => {
    const { hash } = createTicket();
    await raw.set(accessNames().ticket(hash), JSON.stringify({ ...CLAIMS, issuedAt: null }));
    expect(await stores.tickets.take(hash)).toEqual({ ...CLAIMS, issuedAt: 0 });
  });

  it('ends with the last revocation, all of it', async () => {
    const now = await stores.revocations.now();
    const entry = { kind: 'token', value: 'a', since: now, until: now + 60_000 } as const;
    await stores.revocations.add([entry, { ...entry, value: 'b', until: now + 120_000 }]);
    for (const name of Object.values(accessNames().revocations)) {
      const ttl = await raw.pttl(name);
      expect(ttl).toBeGreaterThan(110_000);
      expect(ttl).toBeLessThanOrEqual(120_000);
    }
  });

  it('is told from the start when a promoted replica lacks the last entries', async () => {
    const now = await stores.revocations.now();
    const entry = (value: string) =>
      ({ kind: 'token', value, since: now, until: now + 60_000 }) as const;
    await stores.revocations.add([entry('kept'), entry('lost')]);
    const { cursor } = await readAll(stores.revocations);
    const { entries, order, ends } = accessNames().revocations;
    await raw.multi().hdel(entries, 'token:lost').zrem(order, 'token:lost').exec();
    await raw.zrem(ends, 'token:lost');
    await stores.revocations.add([entry('newer')]);
    const read = await readAll(stores.revocations, cursor);
    expect(read.isFromStart).toBe(true);
    expect(read.entries.map(({ value }) => value)).toEqual(['kept', 'newer']);
  });

  it('is bounded: a revocation more than there is room for is refused, not forgotten', async () => {
    const small = open({ maxRevocations: 3 });
    const { revocations } = small;
    const now = await revocations.now();
    const entry = (value: string, until = now + 60_000) =>
      ({ kind: 'token', value, since: now, until }) as const;
    await revocations.add([entry('a'), entry('b'), entry('short', now + 600)]);
    await expect(revocations.add([entry('c')])).rejects.toThrow(RevocationsFullError);
    await revocations.add([entry('a', now + 70_000)]);
    await expect.poll(() => revocations.add([entry('c')]).catch(() => 'full')).not.toBe('full');
    expect(await raw.hkeys(accessNames().revocations.entries)).toHaveLength(3);
    await small.close();
  });

  it('is left alone when it was not written here', async () => {
    await raw.hset(accessNames().keys, 'k1', '{"secret": "s3cret"');
    await expect(stores.keys.find('k1')).rejects.toThrow('an API key is stored in a wrong shape');
  });
});

describe('while Redis is away', () => {
  it('says so in time, of every question, and answers again once it is back', async () => {
    const stores = open({ timeoutMs: 300 });
    await stores.keys.add(keyRecord('k1'));
    redis.pause();
    const questions = [
      () => stores.keys.find('k1'),
      () => stores.keys.list(),
      () => stores.tickets.put('h', CLAIMS, 1_000),
      () => stores.tickets.take('h'),
      () => stores.revocations.now(),
      () => stores.revocations.read(null),
    ];
    const startedAt = performance.now();
    await Promise.all(questions.map((ask) => expect(ask()).rejects.toThrow(StoreUnavailableError)));
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    redis.resume();
    await expect.poll(() => stores.keys.find('k1').catch(() => null)).toEqual(keyRecord('k1'));
    await stores.close();
  });
});
