import { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { createRedisLimitStore } from '../../../src/limits/redis/redis-limit-store.ts';
import type { LimitStore } from '../../../src/limits/store.ts';
import { standaloneConnections } from '../../../src/redis/connections.ts';
import { useRedis, type SharedRedis } from '../../support/redis.ts';
import { describeLimitStore, LEASE_MS } from '../limit-store-suite.ts';
import { SILENT } from '../settings.ts';

let redis: SharedRedis;
beforeAll(async () => {
  redis = await useRedis();
});
afterAll(() => redis.release());

describeLimitStore('limits in Redis', () => {
  const raw = new Redis(redis.url);
  const stores: LimitStore[] = [];
  return Promise.resolve({
    open(gateway: string) {
      const store = createRedisLimitStore({
        connections: standaloneConnections({ url: redis.url }),
        gateway,
        leaseMs: LEASE_MS,
        prefix: redis.prefix,
        log: SILENT,
      });
      stores.push(store);
      return store;
    },
    async forget() {
      const keys = await raw.keys(`${redis.prefix}*`);
      if (keys.length > 0) await raw.del(...keys);
    },
    async close() {
      await Promise.all(stores.map((store) => store.close()));
      raw.disconnect();
    },
  });
});
