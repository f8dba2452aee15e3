import { z } from 'zod';
import { MALFORMED_KINDS } from './malformed.ts';

/** How often something happens: a probability, or on and off. Decided by the seeded generator. */
const chanceSchema = z
  .union([z.boolean(), z.number().min(0).max(1)])
  .transform((chance) => Number(chance));

/** The faults of the REST side. */
const restFaultsSchema = z.strictObject({
  /** Answer with this HTTP status instead: 403 is the exchange's "access too frequent". */
  status: z.union([z.literal(403), z.literal(500), z.literal(503)]).nullable(),
  /** Answer 200 with this code: 10006 too many visits, 10016 server error. */
  retCode: z.union([z.literal(10006), z.literal(10016)]).nullable(),
  /** How often `status` and `retCode` strike. */
  chance: chanceSchema,
  /** Every answer comes this much later (wall). */
  delayMs: z.int().min(0).max(600_000),
  /** Rows of candles that ended less than this ago are missing from answers, in ms of the exchange's time. */
  rowLateMs: z.int().min(0),
  /** Requests per window before the 403s begin. */
  limitRequests: z.int().positive(),
  limitWindowMs: z.int().positive(),
  /** How long the 403s last (wall). */
  banMs: z.int().min(0),
});

/** The faults of the WebSocket side. */
const streamFaultsSchema = z.strictObject({
  /** `http`: answer upgrades with 503; `reset`: break the connection. */
  refuseConnections: z.enum(['no', 'http', 'reset']),
  /** Push nothing, but go on answering. */
  silent: z.boolean(),
  /** Answer neither `{"op":"ping"}` nor protocol pings. */
  ignorePings: z.boolean(),
  /** Everything on a WebSocket leaves this much later, in order (wall). */
  frameDelayMs: z.int().min(0).max(600_000),
  /** A frame is sent twice. */
  duplicate: chanceSchema,
  /** After a frame, an earlier one of the same topic comes again. */
  stale: chanceSchema,
  /** A frame is kept until after the next one of the connection. */
  outOfOrder: chanceSchema,
  /** A frame is spoilt. */
  malformed: chanceSchema,
  malformedKinds: z.array(z.enum(MALFORMED_KINDS)).min(1),
  /** A closing candle is left out of its frame. */
  loseConfirm: chanceSchema,
  /** A frame is lost. */
  loseFrame: chanceSchema,
  /** Refuse all subscriptions, or those to these topics. */
  refuseSubscriptions: z.union([z.boolean(), z.array(z.string())]),
  /** Topics that one connection may hold; null: no such limit. */
  maxTopics: z.int().min(0).nullable(),
  /** Characters that the topics of one connection may have together. */
  maxArgsCharacters: z.int().min(0),
  /** How far the exchange's clock is ahead of where it would be, in ms of its own time. */
  clockOffsetMs: z.int(),
});

/** Changes to the faults; what is not named stays as it is. */
export const faultPatchSchema = streamFaultsSchema
  .partial()
  .extend({ rest: restFaultsSchema.partial().optional() });
export type FaultPatch = z.input<typeof faultPatchSchema>;

/** All faults as they stand. Chances are probabilities here. */
export type FaultState = Readonly<
  z.output<typeof streamFaultsSchema> & { rest: Readonly<z.output<typeof restFaultsSchema>> }
>;

/** A healthy exchange, with the limits that the real one has. */
export const NO_FAULTS: FaultState = {
  refuseConnections: 'no',
  silent: false,
  ignorePings: false,
  frameDelayMs: 0,
  duplicate: 0,
  stale: 0,
  outOfOrder: 0,
  malformed: 0,
  malformedKinds: [...MALFORMED_KINDS],
  loseConfirm: 0,
  loseFrame: 0,
  refuseSubscriptions: false,
  maxTopics: null,
  maxArgsCharacters: 21_000,
  clockOffsetMs: 0,
  rest: {
    status: null,
    retCode: null,
    chance: 1,
    delayMs: 0,
    rowLateMs: 0,
    limitRequests: 600,
    limitWindowMs: 5_000,
    banMs: 600_000,
  },
};

/** How open connections are ended: with a close frame, or by breaking TCP. */
export const DROP_WAYS = ['close', 'terminate'] as const;
export type DropWay = (typeof DROP_WAYS)[number];

/** The switchboard of a running simulator. */
export interface Faults {
  readonly state: FaultState;
  /** @throws ZodError when the patch is not one; then nothing changes */
  set(patch: FaultPatch): FaultState;
  /** Back to a healthy exchange. */
  reset(): FaultState;
  /** Ends every open WebSocket now. Returns how many. */
  dropConnections(way?: DropWay): number;
}

/** Keeps the state; `changed` and `drop` carry it out. */
export function createFaults(deps: {
  readonly initial: FaultPatch;
  readonly changed: (state: FaultState) => void;
  readonly drop: (way: DropWay) => number;
}): Faults {
  let state = patched(NO_FAULTS, deps.initial);
  const become = (next: FaultState): FaultState => {
    state = next;
    deps.changed(state);
    return state;
  };
  return {
    get state() {
      return state;
    },
    set: (patch) => become(patched(state, patch)),
    reset: () => become(NO_FAULTS),
    dropConnections: (way = 'terminate') => deps.drop(way),
  };
}

function patched(state: FaultState, patch: FaultPatch): FaultState {
  const { rest, ...others } = faultPatchSchema.parse(patch);
  return { ...state, ...defined(others), rest: { ...state.rest, ...defined(rest ?? {}) } };
}

/** Without the members that are present but undefined. */
function defined<T extends object>(patch: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
