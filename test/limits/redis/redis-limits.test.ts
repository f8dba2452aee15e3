import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createRedisLimitStore } from '../../../src/limits/redis/redis-limit-store.ts';
import { standaloneConnections } from '../../../src/redis/connections.ts';
import { eventually } from '../../support/eventually.ts';
import { ACL_LOGIN, makeAclUser, refusals } from '../../support/redis-acl.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';
import { Gateway, LEASE_MS, places, refusalName } from '../limit-store-suite.ts';
import { settingsWith, SILENT } from '../settings.ts';

let redis: TestRedis;
let raw: Redis;
const gateways: Gateway[] = [];
beforeAll(async () => {
  redis = await startRedis();
  raw = new Redis(redis.url);
  raw.on('error', () => {
    // It is stopped on purpose here.
  });
  await makeAclUser(raw, 'server');
});
afterEach(async () => {
  await Promise.all(gateways.splice(0).map(({ limits }) => limits.stop()));
});
afterAll(async () => {
  raw.disconnect();
  await redis.stop();
});

function openGateway(more: Parameters<typeof settingsWith>[0] = {}): Gateway {
  const store = createRedisLimitStore({
    connections: standaloneConnections({ url: `redis://${ACL_LOGIN}@127.0.0.1:${redis.port}` }),
    gateway: randomUUID(),
    leaseMs: LEASE_MS,
    log: SILENT,
  });
  const gateway = new Gateway(store, settingsWith(more));
  gateways.push(gateway);
  return gateway;
}

/** Commands that clients have sent, as the server counts them; those of scripts count as their own. */
async function scriptCalls(): Promise<number> {
  const stats = await raw.info('commandstats');
  const counts = ['evalsha', 'eval'].map((name) =>
    Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

describe('what an admission asks of Redis', () => {
  it('is one call, one for all that come in the same turn, and none for a blocked address', async () => {
    const gateway = await openGateway({ attemptsPerMinute: 40 }).ready();
    // The first call of a script sends its text after the server has said that it lacks it.
    await gateway.admit('192.0.2.1');
    const monitor = await raw.monitor();
    const seen: string[][] = [];
    monitor.on('monitor', (_time: string, args: string[], source: string) => {
      if (source !== 'lua') seen.push(args);
    });
    let calls = await scriptCalls();
    expect((await gateway.admit('192.0.2.2')).ok).toBe(true);
    expect(await scriptCalls()).toBe(calls + 1);

    calls = await scriptCalls();
    const storm = await Promise.all(
      Array.from({ length: 50 }, (_, index) => gateway.admit(`198.51.100.${index}`, `s${index}`)),
    );
    expect(places(storm)).toHaveLength(50);
    expect(await scriptCalls()).toBe(calls + 1);

    const flood = await Promise.all(Array.from({ length: 50 }, () => gateway.admit('192.0.2.3')));
    expect(places(flood)).toHaveLength(40);
    await eventually(() => expect(seen.length).toBeGreaterThan(0));
    calls = await scriptCalls();
    seen.length = 0;
    for (let count = 0; count < 1_000; count += 1) {
      expect(gateway.limits.refusalOf('192.0.2.3')).not.toBeNull();
    }
    expect(await scriptCalls()).toBe(calls);
    // Nothing at all but what this test itself asks.
    const others = seen.filter(([command]) => command?.toLowerCase() !== 'info');
    expect(others).toEqual([]);
    monitor.disconnect();
  });

  it('needs no right that the documentation does not name', async () => {
    const gateway = await openGateway({ failuresPerMinute: 1, connectionsPerIp: 1 }).ready();
    const [place] = places([await gateway.admit('192.0.2.10')]);
    await gateway.admit('192.0.2.10');
    gateway.limits.credentialRefused('192.0.2.11', true);
    gateway.limits.credentialRefused('192.0.2.11', true);
    await gateway.requests.countAnonymous('192.0.2.12');
    await gateway.limits.renew();
    place?.release();
    await eventually(() => expect(gateway.limits.refusalOf('192.0.2.11')).not.toBeNull());
    expect(await refusals(raw)).toEqual([]);
  });
});

describe('while Redis is away', () => {
  it('each gateway keeps its share, at once and without waiting, and agrees with Redis again afterwards', async () => {
    const limits = { connectionsPerIp: 10, attemptsPerMinute: 100, requestsPerIpPerMinute: 4 };
    const [a, b] = [openGateway(limits), openGateway(limits)];
    await Promise.all([a.ready(), b.ready()]);
    // Each has seen the other.
    await Promise.all([a.limits.renew(), b.limits.renew()]);
    const before = await a.admit('192.0.2.20');
    expect(before.ok).toBe(true);
    a.limits.start();

    redis.pause();
    const first = await a.admit('192.0.2.20');
    expect(first.ok).toBe(true);
    expect(a.degraded.at(-1)).toBe(true);
    const startedAt = performance.now();
    const rest = [];
    for (let count = 0; count < 20; count += 1) rest.push(await a.admit('192.0.2.20'));
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    // Five of the ten places are its own: it had one, and has taken one more.
    expect(places(rest)).toHaveLength(3);
    expect(refusalName(rest[10] as (typeof rest)[0])).toBe('connections-per-ip');
    const answers = [];
    for (let count = 0; count < 4; count += 1) {
      answers.push((await a.requests.countAnonymous('192.0.2.21'))?.ok);
    }
    expect(answers).toEqual([true, true, false, false]);
    a.limits.credentialRefused('192.0.2.22', true);

    redis.resume();
    await eventually(() => expect(a.degraded.at(-1)).toBe(false));
    await b.ready();
    const more = await Promise.all(Array.from({ length: 20 }, () => b.admit('192.0.2.20')));
    expect(places(more)).toHaveLength(5);
  });

  it('what was admitted before a restart is counted after it', async () => {
    const [a, b] = [openGateway({ connectionsPerIp: 4 }), openGateway({ connectionsPerIp: 4 })];
    await Promise.all([a.ready(), b.ready()]);
    for (const subject of ['1', '2', '3'])
      expect((await a.admit('192.0.2.30', subject)).ok).toBe(true);
    await redis.restart();
    await makeAclUser(raw, 'server');
    await Promise.all([a.ready(), b.ready()]);
    const more = await Promise.all(Array.from({ length: 10 }, () => b.admit('192.0.2.30')));
    expect(places(more)).toHaveLength(1);
  });
});
