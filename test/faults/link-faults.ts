import type { Dice } from './dice.ts';
import { fault, type FaultKind } from './fault.ts';
import type { Pair, Rig } from './rig.ts';
import type { LinkState, TcpProxy } from './tcp-proxy.ts';

const LINK_NAMES = {
  simulatorToIngest: 'simulator–ingest',
  ingestToRedis: 'ingest–Redis',
  redisToGateway: 'Redis–gateway',
  gatewayToClients: 'gateway–clients',
} as const satisfies Record<keyof Rig['links'], string>;

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

/** A link that is spoilt in each of the ways. */
export const linkFaults = (link: keyof Rig['links']): readonly FaultKind[] =>
  Object.entries(LINK_STATES).flatMap(([kind, stateOf]): FaultKind[] => {
    if (stateOf === null) return [];
    return [
      (dice) => {
        const state = stateOf(dice);
        const side = dice.pick(SIDES);
        const note = `${side} ${JSON.stringify(state)}`;
        return fault(
          `link ${LINK_NAMES[link]} ${kind}`,
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
  });
