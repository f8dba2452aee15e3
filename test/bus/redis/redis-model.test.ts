import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { standaloneConnections } from '../../../src/redis/connections.ts';
import { historyOf, type ChannelState } from '../../../src/bus/publish-rule.ts';
import { channelOf, type Channel } from '../../../src/candle/channel.ts';
import { useRedis, type SharedRedis } from '../../support/redis.ts';
import {
  judge,
  operationsArbitrary,
  publicationsOf,
  seedOf,
  stateAfter,
  type Operation,
} from '../bus-operations.ts';
import { openRedisWorld, type RedisWorld } from './redis-world.ts';

const DEPTH = 5;
const NOW = 1_745_000_000_000.125;
const REPLICATION_ID = 'the server’s';
const OTHER_REPLICATION_ID = 'another server’s';

let redis: SharedRedis;
let world: RedisWorld;
let epochs = 0;

beforeAll(async () => {
  redis = await useRedis();
  world = openRedisWorld(redis.url, redis.prefix, {
    clock: { now: () => NOW },
    historyDepth: DEPTH,
    newEpoch: () => `e${(epochs += 1)}`,
    connections: standaloneConnections({ url: redis.url, commandTimeoutMs: 10_000 }),
  });
});
afterAll(async () => {
  await world.close();
  await redis.release();
});

/** What the pure rule answers, and the state after it. The stores' names of epochs go on from `used`. */
function expected(
  state: ChannelState | null,
  operation: Operation,
  { channel, used }: { channel: Channel; used: number },
) {
  if (operation.kind === 'forget') return { state: null, results: [] };
  if (operation.kind === 'other-replication-id') {
    return { state: state && { ...state, replicationId: OTHER_REPLICATION_ID }, results: [] };
  }
  let names = used;
  const ruleContext = () => ({
    source: 'bybit' as const,
    replicationId: REPLICATION_ID,
    newEpoch: `e${(names += 1)}`,
    historyDepth: DEPTH,
  });
  const judgements = judge(state, operation, { channel, published: NOW, ruleContext });
  return {
    state: stateAfter(judgements, state),
    results: judgements.map(({ result }) => result),
  };
}

describe('the scripts and the pure rule', () => {
  it('give the same answers and come to the same state, whatever happens', async () => {
    const publisher = world.publisher();
    const subscriber = world.subscriber();
    let runs = 0;

    const perform = async (
      operation: Operation,
      channel: Channel,
      state: ChannelState | null,
    ): Promise<unknown[]> => {
      const keys = world.names.channel(channel);
      switch (operation.kind) {
        case 'claim':
          return [await publisher.claim(channel, operation.fence)];
        case 'seed': {
          const { closed, times } = seedOf(operation);
          return [await publisher.seed(channel, operation.fence, closed, times)];
        }
        case 'publish':
          return publisher.publish(
            publicationsOf(channel, operation.batch, state),
            operation.fence,
          );
        case 'other-replication-id':
          if ((await world.raw.exists(keys.state)) === 1) {
            await world.raw.hset(keys.state, 'replicationId', OTHER_REPLICATION_ID);
          }
          return [];
        case 'forget':
          await world.raw.del(keys.state, keys.closed);
          return [];
      }
    };

    await fc.assert(
      fc.asyncProperty(operationsArbitrary, async (operations) => {
        const channel = channelOf(`RUN${(runs += 1)}`, '1');
        let state: ChannelState | null = null;
        for (const operation of operations) {
          const used = epochs;
          const results = await perform(operation, channel, state);
          const rule = expected(state, operation, { channel, used });
          expect(results).toEqual(rule.results);
          state = rule.state;
          const held = await subscriber.readHistory(channel);
          expect(held).toEqual(state === null ? null : historyOf(state));
        }
        const keys = world.names.channel(channel);
        const texts = await world.raw.zrange(keys.closed, 0, '-1');
        expect(texts).toEqual((state?.closed ?? []).map((message) => JSON.stringify(message)));
        const open = await world.raw.hget(keys.state, 'open');
        expect(open).toBe(state?.open ? JSON.stringify(state.open) : null);
      }),
      { numRuns: 60 },
    );
  });

  it('tells two runs of this test apart by their keys', async () => {
    const other = openRedisWorld(redis.url, `${redis.prefix}${randomUUID()}:`);
    expect(await other.subscriber().readHistory(channelOf('RUN1', '1'))).toBeNull();
    await other.close();
  });
});
