import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { useRedis, type SharedRedis } from '../../support/redis.ts';
import { describeBus } from '../bus-suite.ts';
import { openRedisWorld } from './redis-world.ts';

let redis: SharedRedis;
beforeAll(async () => {
  redis = await useRedis();
});
afterAll(() => redis.release());

describeBus('the bus through Redis', () =>
  openRedisWorld(redis.url, `${redis.prefix}${randomUUID()}:`),
);
