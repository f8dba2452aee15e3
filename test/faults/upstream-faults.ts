import { DROP_WAYS, type FaultPatch } from '../../src/simulator/faults.ts';
import { fault, type FaultKind, type PlannedFault } from './fault.ts';
import type { Rig } from './rig.ts';

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

/** What the exchange itself does. */
export const UPSTREAM_FAULTS: readonly FaultKind[] = [
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
  (dice) =>
    upstream(
      'upstream: rows late in REST, confirms lost',
      dice.between(1_000, 4_000),
      { loseConfirm: 0.3, rest: { rowLateMs: Math.round(dice.between(60_000, 600_000)) } },
      { loseConfirm: 0, rest: { rowLateMs: 0 } },
    ),
];
