import { Redis } from 'ioredis';
import { DROP_WAYS, type FaultPatch } from '../../src/simulator/faults.ts';
import type { Member } from './member.ts';
import type { Dice } from './dice.ts';
import type { Pair, Rig } from './rig.ts';
import type { LinkState, TcpProxy } from './tcp-proxy.ts';

/** What must come back within a bound. */
export type TargetName = 'takeover' | 'handover' | 'redis';

/** One fault with all its parameters drawn. */
export interface PlannedFault {
  /** Its kind, for the table. */
  readonly name: string;
  /** Its parameters, for people. */
  readonly note: string;
  /** How long it stays. */
  readonly heldMs: number;
  readonly target?: TargetName;
  /** Resolves once it is in, with how to lift it. */
  inject(rig: Rig): Promise<() => Promise<void>>;
}

export type FaultKind = (dice: Dice) => PlannedFault;

/** What is injected and lifted in no time. */
type Lift = () => Promise<void> | void;

interface Details {
  readonly heldMs: number;
  readonly note?: string;
  readonly target?: TargetName;
}

function fault(
  name: string,
  { heldMs, note = '', ...rest }: Details,
  inject: (rig: Rig) => Promise<Lift> | Lift,
): PlannedFault {
  return {
    name,
    note,
    heldMs: Math.round(heldMs),
    ...rest,
    inject: async (rig) => {
      const lift = await inject(rig);
      return async () => {
        await lift();
      };
    },
  };
}

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

async function flush(rig: Rig): Promise<void> {
  const redis = new Redis(rig.redis.url, { enableOfflineQueue: true });
  await redis.flushall();
  await redis.quit();
}

/** What every run has. */
export const ESSENTIAL_FAULTS: readonly FaultKind[] = [
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
  (dice) =>
    fault(
      'Redis killed, back empty',
      { heldMs: dice.between(200, 5_000), target: 'redis' },
      async ({ redis }) => {
        await redis.kill();
        return () => redis.restart();
      },
    ),
  () =>
    fault('Redis restarted, empty', { heldMs: 0, target: 'redis' }, ({ redis }) => {
      return () => redis.restart();
    }),
  (dice) =>
    fault('Redis frozen', { heldMs: dice.between(500, 6_000), target: 'redis' }, ({ redis }) => {
      redis.pause();
      return () => redis.resume();
    }),
  () =>
    fault('Redis flushed', { heldMs: 0, target: 'redis' }, (rig) => {
      return () => flush(rig);
    }),
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

const LINKS = [
  ['simulatorToIngest', 'simulator–ingest'],
  ['ingestToRedis', 'ingest–Redis'],
  ['redisToGateway', 'Redis–gateway'],
  ['gatewayToClients', 'gateway–clients'],
] as const;

/** Which of two links. Between ingest and its neighbours the leader's is the one that matters. */
const SIDES = ['first', 'second', 'leader', 'both'] as const;

function linksOf(rig: Rig, pair: Pair<TcpProxy>, side: (typeof SIDES)[number]): TcpProxy[] {
  if (side === 'both') return [...pair];
  if (side === 'leader') return [pair[rig.leader()]];
  return [pair[side === 'first' ? 0 : 1]];
}

const LINK_STATES: Readonly<Record<LinkState['kind'], ((dice: Dice) => LinkState) | null>> = {
  open: null,
  cut: () => ({ kind: 'cut' }),
  hung: () => ({ kind: 'hung' }),
  delayed: (dice) => ({ kind: 'delayed', ms: Math.round(dice.between(50, 1_500)) }),
  trickling: (dice) => ({
    kind: 'trickling',
    bytesPerSecond: Math.round(dice.between(2_000, 20_000)),
  }),
};

const LINK_FAULTS: readonly FaultKind[] = LINKS.flatMap(([link, between]) =>
  Object.entries(LINK_STATES).flatMap(([kind, stateOf]): FaultKind[] => {
    if (stateOf === null) return [];
    return [
      (dice) => {
        const state = stateOf(dice);
        const side = dice.pick(SIDES);
        const note = `${side} ${JSON.stringify(state)}`;
        return fault(
          `link ${between} ${kind}`,
          { heldMs: dice.between(500, 5_000), note },
          (rig) => {
            const spoilt = linksOf(rig, rig.links[link], side);
            for (const each of spoilt) each.become(state);
            return () => {
              for (const each of spoilt) each.become({ kind: 'open' });
            };
          },
        );
      },
    ];
  }),
);

/** A fault of the simulator's switchboard that holds for a while. */
function upstream(
  name: string,
  heldMs: number,
  patch: Parameters<Rig['exchange']['setFaults']>[0],
  lifted: FaultPatch,
): PlannedFault {
  return fault(name, { heldMs, note: JSON.stringify(patch) }, async ({ exchange }) => {
    await exchange.setFaults(patch);
    return () => exchange.setFaults(lifted);
  });
}

type RestFault = NonNullable<FaultPatch['rest']>;
/** Not 403: ingest asks nothing for ten minutes after it, as it should. */
const REST_FAULTS: readonly [RestFault, ...RestFault[]] = [
  { status: 500 },
  { status: 503 },
  { retCode: 10_016 },
  { delayMs: 800 },
];

const UPSTREAM_FAULTS: readonly FaultKind[] = [
  (dice) =>
    upstream('upstream: silence', dice.between(1_000, 6_000), { silent: true }, { silent: false }),
  (dice) => upstream('upstream: dropped', 0, { dropConnections: dice.pick(DROP_WAYS) }, {}),
  (dice) =>
    upstream(
      'upstream: refuses connections',
      dice.between(500, 4_000),
      { refuseConnections: dice.pick(['http', 'reset']), dropConnections: 'terminate' },
      { refuseConnections: 'no' },
    ),
  (dice) =>
    upstream(
      'upstream: late',
      dice.between(1_000, 5_000),
      { frameDelayMs: Math.round(dice.between(100, 1_500)) },
      { frameDelayMs: 0 },
    ),
  (dice) =>
    upstream(
      'upstream: REST fails, confirms lost',
      dice.between(1_000, 4_000),
      {
        loseConfirm: 0.3,
        rest: dice.pick(REST_FAULTS),
      },
      { loseConfirm: 0, rest: { status: null, retCode: null, delayMs: 0 } },
    ),
];

/** Several at once: what one would have helped the other with is gone. */
const COMBINED_FAULTS: readonly FaultKind[] = [
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
      const [lift] = await Promise.all([killed([leaderOf(rig)]), rig.redis.kill()]);
      return async () => {
        await rig.redis.restart();
        await lift();
      };
    }),
  (dice) =>
    fault('Redis flushed, a gateway killed', { heldMs: dice.between(200, 2_000) }, async (rig) => {
      const [lift] = await Promise.all([killed([rig.gateways[0]]), flush(rig)]);
      return lift;
    }),
  (dice) =>
    fault('everything killed', { heldMs: dice.between(200, 1_500) }, async (rig) => {
      const [lift] = await Promise.all([
        killed([...rig.ingests, ...rig.gateways]),
        rig.redis.kill(),
      ]);
      return async () => {
        await rig.redis.restart();
        await lift();
      };
    }),
];

const PROCESS_FAULTS: readonly FaultKind[] = [
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

export const OTHER_FAULTS: readonly FaultKind[] = [
  ...LINK_FAULTS,
  ...UPSTREAM_FAULTS,
  ...COMBINED_FAULTS,
  ...PROCESS_FAULTS,
];
