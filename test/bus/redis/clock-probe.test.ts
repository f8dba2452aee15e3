import { Redis } from 'ioredis';
import { afterEach, expect, it } from 'vitest';
import { startClockProbe } from '../../../src/bus/redis/clock-probe.ts';
import type { RedisClient } from '../../../src/redis/client.ts';
import { createWallClock } from '../../../src/time/clock.ts';
import { eventually } from '../../support/eventually.ts';
import { startRedis } from '../../support/redis.ts';
import { CountingObserver } from './redis-world.ts';

const BEHIND_MS = 3_000;
/** Redis' clock and ours are read from the same one, in steps of a different size. */
const READING_MS = 20;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanups.splice(0).reverse()) await end();
});

async function probed(clock = createWallClock()) {
  const server = await startRedis();
  cleanups.push(() => server.stop());
  const redis = new Redis(server.url, { maxRetriesPerRequest: 0 });
  redis.on('error', () => undefined);
  cleanups.push(() => redis.disconnect());
  const observer = new CountingObserver();
  const end = startClockProbe(redis, clock, observer);
  cleanups.push(end);
  return { redis, observer, end };
}

it('tells by how much the clock of Redis is ahead, once two samples agree', async () => {
  const wall = createWallClock();
  const { observer } = await probed({ now: () => wall.now() - BEHIND_MS });
  const [first, second] = await eventually(() => {
    const { clockOffsets } = observer;
    if (clockOffsets.length < 2) throw new Error('not yet');
    return clockOffsets;
  });
  expect(first).toBeNull();
  const { offsetMs = NaN, errorMs = NaN } = second ?? {};
  expect(Math.abs(offsetMs - BEHIND_MS)).toBeLessThan(errorMs + READING_MS);
});

it('goes on asking a Redis that is away, and says that it cannot tell', async () => {
  const { redis, observer } = await probed();
  redis.disconnect();
  await eventually(() => {
    if (observer.clockOffsets.length < 2) throw new Error('not yet');
  });
  expect(observer.clockOffsets).toEqual([null, null]);
});

it('says nothing any more once it has ended, although an answer is on its way', async () => {
  const observer = new CountingObserver();
  let end = (): void => undefined;
  const asked = new Promise<void>((resolve) => {
    const time = (): Promise<[number, number]> => {
      end();
      resolve();
      return Promise.resolve([0, 0]);
    };
    end = startClockProbe({ time } as unknown as RedisClient, createWallClock(), observer);
  });
  await asked;
  await new Promise(setImmediate);
  expect(observer.clockOffsets).toEqual([]);
});
