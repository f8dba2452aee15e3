import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPresences, type HeardPresence } from '../../src/presence/heard.ts';
import {
  PRESENCE_FORGOTTEN_MS,
  presenceKey,
  type GatewayPresence,
} from '../../src/presence/presence.ts';
import { createPresenceReporter, type PresenceReporter } from '../../src/presence/reporter.ts';
import { standaloneConnections } from '../../src/redis/connections.ts';
import { eventually } from '../support/eventually.ts';
import { ACL_LOGIN, makeAclUser, refusals } from '../support/redis-acl.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

const KEY = presenceKey('bybit');

function presence(instance: string, connections: number): GatewayPresence {
  return {
    role: 'gateway',
    instance,
    version: '1.0.0',
    startedAt: 1,
    connections,
    feed: 'live',
    bus: 'connected',
    notReady: [],
  };
}

describe('a reporter of presence, as the user that docs/redis.md gives', () => {
  let server: TestRedis;
  let raw: Redis;
  const reporters: PresenceReporter[] = [];

  beforeAll(async () => {
    server = await startRedis();
    raw = new Redis(server.url);
    await makeAclUser(raw, 'server');
  });
  afterAll(async () => {
    await Promise.all(reporters.map((reporter) => reporter.stop()));
    raw.disconnect();
    await server.stop();
  });

  function start(report: () => GatewayPresence): PresenceReporter {
    const url = server.url.replace('redis://', `redis://${ACL_LOGIN}@`);
    const reporter = createPresenceReporter({
      connections: standaloneConnections({ url }),
      source: 'bybit',
      presence: report,
      log: pino({ level: 'silent' }),
      intervalMs: 50,
    });
    reporters.push(reporter);
    reporter.start();
    return reporter;
  }

  async function heard(): Promise<HeardPresence[]> {
    const [seconds] = await raw.time();
    return readPresences(await raw.hgetall(KEY), (Number(seconds) + 1) * 1000);
  }

  it('is heard with what it says now, says farewell, and forgets the dead', async () => {
    const [seconds] = await raw.time();
    const dead = Number(seconds) * 1000 - PRESENCE_FORGOTTEN_MS - 5_000;
    await raw.hset(KEY, 'gateway:dead', `${dead} ${JSON.stringify(presence('dead', 0))}`);
    const late = dead + 60_000;
    await raw.hset(KEY, 'gateway:late', `${late} ${JSON.stringify(presence('late', 0))}`);
    let connections = 1;
    const first = start(() => presence('first', connections));
    start(() => presence('second', 7));
    await eventually(async () => {
      const all = await heard();
      expect(all.map((each) => each.presence.instance)).toEqual(['first', 'late', 'second']);
      expect(all[0]?.ageMs).toBeLessThan(2_500);
      expect(all[1]?.ageMs).toBeGreaterThan(400_000);
    });
    connections = 2;
    await eventually(async () =>
      expect((await heard())[0]?.presence).toEqual(presence('first', 2)),
    );
    await first.stop();
    expect((await heard()).map((each) => each.presence.instance)).toEqual(['late', 'second']);
    expect(await raw.pttl(KEY)).toBeGreaterThan(0);
    expect(await refusals(raw)).toEqual([]);
  });

  it('leaves out what cannot be read', () => {
    const text = JSON.stringify(presence('a', 0));
    const hash = { a: `5 ${text}`, b: 'rubbish', c: '5 {"role":"boss"}', d: '5 {' };
    expect(readPresences(hash, 12)).toEqual([{ presence: presence('a', 0), ageMs: 7 }]);
  });
});
