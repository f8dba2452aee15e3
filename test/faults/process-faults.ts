import { fault, type FaultKind, type Lift } from './fault.ts';
import type { Member } from './member.ts';
import { killRedis } from './redis-faults.ts';
import type { Rig } from './rig.ts';

const leaderOf = (rig: Rig): Member => rig.ingests[rig.leader()];
const standbyOf = (rig: Rig): Member => rig.ingests[rig.leader() === 0 ? 1 : 0];

/** Kills members; they are started again when it is lifted. */
async function killed(members: readonly Member[]): Promise<Lift> {
  await Promise.all(members.map((each) => each.kill()));
  return async () => {
    await Promise.all(members.map((each) => each.start()));
  };
}

function frozen(member: Member): Lift {
  member.freeze();
  return () => member.thaw();
}

/** The deaths that have a bound, and those of gateways. */
export const ESSENTIAL_PROCESS_FAULTS: readonly FaultKind[] = [
  (dice) =>
    fault('leader killed', { heldMs: dice.between(3_000, 4_500), target: 'takeover' }, (rig) =>
      killed([leaderOf(rig)]),
    ),
  (dice) =>
    fault('leader frozen', { heldMs: dice.between(3_000, 6_000), target: 'takeover' }, (rig) =>
      frozen(leaderOf(rig)),
    ),
  (dice) =>
    fault(
      'leader stopped gracefully',
      { heldMs: dice.between(1_500, 3_000), target: 'handover' },
      (rig) => {
        const leader = leaderOf(rig);
        const stopped = leader.stop();
        return async () => {
          await stopped;
          await leader.start();
        };
      },
    ),
  (dice) => {
    const index = dice.pick<0 | 1>([0, 1]);
    return fault(
      'gateway killed',
      { heldMs: dice.between(200, 3_000), note: `gateway-${index}` },
      (rig) => killed([rig.gateways[index]]),
    );
  },
  (dice) => {
    const index = dice.pick<0 | 1>([0, 1]);
    return fault(
      'gateway frozen',
      { heldMs: dice.between(1_000, 6_000), note: `gateway-${index}` },
      (rig) => frozen(rig.gateways[index]),
    );
  },
];

/** Several at once: what one would have helped the other with is gone. */
export const COMBINED_FAULTS: readonly FaultKind[] = [
  (dice) =>
    fault('both ingest workers killed', { heldMs: dice.between(200, 3_000) }, ({ ingests }) =>
      killed(ingests),
    ),
  (dice) =>
    fault('both gateways killed', { heldMs: dice.between(200, 3_000) }, ({ gateways }) =>
      killed(gateways),
    ),
  (dice) =>
    fault('Redis and leader killed', { heldMs: dice.between(200, 4_000) }, async (rig) => {
      const [lift, redisIsBack] = await Promise.all([killed([leaderOf(rig)]), killRedis(rig)]);
      return async () => {
        await redisIsBack();
        await lift();
      };
    }),
  (dice) =>
    fault('Redis flushed, a gateway killed', { heldMs: dice.between(200, 2_000) }, async (rig) => {
      const [lift] = await Promise.all([killed([rig.gateways[0]]), rig.store.flush()]);
      return lift;
    }),
  (dice) =>
    fault('everything killed', { heldMs: dice.between(200, 1_500) }, async (rig) => {
      const [lift, redisIsBack] = await Promise.all([
        killed([...rig.ingests, ...rig.gateways]),
        killRedis(rig),
      ]);
      return async () => {
        await redisIsBack();
        await lift();
      };
    }),
];

export const OTHER_PROCESS_FAULTS: readonly FaultKind[] = [
  (dice) =>
    fault('standby killed', { heldMs: dice.between(200, 2_000) }, (rig) =>
      killed([standbyOf(rig)]),
    ),
  (dice) =>
    fault('standby frozen', { heldMs: dice.between(1_000, 5_000) }, (rig) =>
      frozen(standbyOf(rig)),
    ),
  (dice) => {
    const index = dice.pick<0 | 1>([0, 1]);
    return fault(
      'gateway drained',
      { heldMs: dice.between(1_000, 2_500), note: `gateway-${index}` },
      async (rig) => {
        const gateway = rig.gateways[index];
        await gateway.stop();
        return () => gateway.start();
      },
    );
  },
];
