import { fault, type FaultKind, type Lift } from './fault.ts';
import type { Rig } from './rig.ts';

/**
 * Kills the Redis that is the master. Lifted, it is back and empty, or its replica has been promoted
 * and it follows later.
 */
export async function killRedis({ store, afterHealing }: Rig): Promise<Lift> {
  const old = await store.master();
  await old.kill();
  if (store.mode === 'single') return () => old.restart();
  afterHealing(() => old.restart());
  return () => store.promoted(old);
}

/** What becomes of a Redis that stands alone. */
export const SINGLE_REDIS_FAULTS: readonly FaultKind[] = [
  (dice) =>
    fault(
      'Redis killed, back empty',
      { heldMs: dice.between(200, 5_000), target: 'redis' },
      killRedis,
    ),
  () =>
    fault('Redis restarted, empty', { heldMs: 0, target: 'redis' }, ({ store }) => {
      return async () => (await store.master()).restart();
    }),
  (dice) =>
    fault(
      'Redis frozen',
      { heldMs: dice.between(500, 6_000), target: 'redis' },
      async ({ store }) => {
        const redis = await store.master();
        redis.pause();
        return () => redis.resume();
      },
    ),
];

/** What makes the sentinels promote the replica. The target counts from its promotion. */
export const FAILOVERS: readonly FaultKind[] = [
  () => fault('Redis master killed, replica promoted', { heldMs: 0, target: 'redis' }, killRedis),
  () =>
    fault('Redis master frozen, replica promoted', { heldMs: 0, target: 'redis' }, async (rig) => {
      const old = await rig.store.master();
      old.pause();
      rig.afterHealing(() => old.resume());
      return () => rig.store.promoted(old);
    }),
  () =>
    fault('Redis replica promoted by command', { heldMs: 0, target: 'redis' }, ({ store }) => {
      return () => store.failOver();
    }),
];

/** In either mode. */
export const REDIS_FLUSHED: FaultKind = () =>
  fault('Redis flushed', { heldMs: 0, target: 'redis' }, ({ store }) => {
    return () => store.flush();
  });
