import fc from 'fast-check';
import type { Fence, Publication } from '../../src/bus/bus.ts';
import {
  claim,
  headOf,
  publish,
  seed,
  type ChannelState,
  type RuleContext,
} from '../../src/bus/publish-rule.ts';
import { candle, minute, SEED_TIMES } from './fixtures.ts';

/** One thing that happens to a store's channel, as plain data. */
export type Operation =
  | { readonly kind: 'claim'; readonly fence: Fence }
  | { readonly kind: 'seed'; readonly fence: Fence; readonly first: number; readonly count: number }
  | { readonly kind: 'publish'; readonly fence: Fence; readonly batch: readonly Step[] }
  | { readonly kind: 'other-replication-id' }
  | { readonly kind: 'forget' };

/**
 * A publication. `ahead` says how many candles after the last closed one (at the time of the
 * operation) it lies; `previous` is the distance to the candle before, 0 for none that is known.
 */
interface Step {
  readonly ahead: number;
  readonly confirm: boolean;
  readonly previous: number;
  readonly atMs: number;
  readonly backfill: boolean;
}

const USUAL_FENCE = { token: 2, worker: 'a' };
// 'B' and 'a' change places in most locales.
const fence = fc.record({
  token: fc.constantFrom(1, 2, 2, 2, 1_745_000_000_000),
  worker: fc.constantFrom('B', 'a', 'a2'),
});
/** Mostly one fence, so that not everything ends in `fenced`. */
const usualFence = fc.oneof(
  { weight: 12, arbitrary: fc.constant(USUAL_FENCE) },
  { weight: 1, arbitrary: fence },
);
const step = fc.record({
  ahead: fc.integer({ min: -1, max: 3 }),
  confirm: fc.boolean(),
  previous: fc.constantFrom(1, 1, 1, 1, 2, 0),
  atMs: fc.constantFrom(0, 1, 1, 500),
  backfill: fc.boolean(),
});
/** A run of closes, each behind the one before, so that history grows. */
const run = fc.integer({ min: 1, max: 4 }).map((length) =>
  Array.from({ length }, (_, i) => ({
    ...{ ahead: i + 1, confirm: true, previous: 1, atMs: 0, backfill: false },
  })),
);

const operationArbitrary: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      fence: usualFence,
      batch: fc.oneof(fc.array(step, { maxLength: 5 }), run),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('seed' as const),
      fence: usualFence,
      first: fc.integer({ min: 0, max: 3 }),
      count: fc.integer({ min: 0, max: 9 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('claim' as const), fence: usualFence }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'other-replication-id' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'forget' as const }) },
);

/** A story that is long enough for something to happen in it. */
export const operationsArbitrary = fc.array(operationArbitrary, {
  minLength: 1,
  maxLength: 40,
  size: 'max',
});

/** What a batch publishes to a channel in this state. */
export function publicationsOf(
  channel: Publication['channel'],
  batch: readonly Step[],
  state: ChannelState | null,
): Publication[] {
  const lastClosed = state === null ? null : headOf(state).lastClosed;
  const base = lastClosed === null ? 1 : (lastClosed - minute(0)) / (minute(1) - minute(0));
  return batch.map((taken) => publicationOf(channel, taken, base));
}

function publicationOf(channel: Publication['channel'], taken: Step, base: number): Publication {
  const { ahead, confirm, previous, atMs, backfill } = taken;
  const n = base + ahead;
  const exchange = minute(n) + atMs;
  return {
    channel,
    candle: candle(n, confirm),
    previous: previous === 0 ? null : minute(n - previous),
    times: { exchange, ingest: exchange + 0.125 },
    backfill,
  };
}

/** The arguments of a seed behind its fence. */
export function seedOf({ first, count }: { first: number; count: number }) {
  const closed = Array.from({ length: count }, (_, i) => candle(first + i, true));
  return { closed, times: SEED_TIMES };
}

/** One call of the pure rule: the state around it and its answer. */
export interface Judgement {
  readonly operation: Operation;
  /** Where the operation is one. */
  readonly publication?: Publication;
  readonly before: ChannelState | null;
  readonly after: ChannelState | null;
  readonly result: { readonly status: string };
}

export interface JudgeContext {
  readonly channel: Publication['channel'];
  readonly published: number;
  /** Asked once per call, as the stores do. */
  ruleContext(): RuleContext;
}

/** Lets the pure rule judge an operation; a batch is as many calls as it has publications. */
export function judge(
  state: ChannelState | null,
  operation: Operation,
  context: JudgeContext,
): Judgement[] {
  const { channel, published } = context;
  switch (operation.kind) {
    case 'claim': {
      const ruling = claim(state, operation.fence, context.ruleContext());
      return [{ operation, before: state, after: ruling.state, result: ruling.result }];
    }
    case 'seed': {
      const { closed, times } = seedOf(operation);
      const content = { channel, closed, times: { ...times, published } };
      const ruling = seed(state, operation.fence, content, context.ruleContext());
      return [{ operation, before: state, after: ruling.state, result: ruling.result }];
    }
    case 'publish': {
      let before = state;
      return publicationsOf(channel, operation.batch, state).map((publication) => {
        const stamped = { ...publication, times: { ...publication.times, published } };
        const ruling = publish(before, operation.fence, stamped, context.ruleContext());
        const judgement = {
          operation,
          publication,
          before,
          after: ruling.state,
          result: ruling.result,
        };
        before = ruling.state;
        return judgement;
      });
    }
    case 'other-replication-id':
    case 'forget':
      return [];
  }
}

/** The state after these, if there were any. */
export function stateAfter(
  judgements: readonly Judgement[],
  before: ChannelState | null,
): ChannelState | null {
  const last = judgements.at(-1);
  return last === undefined ? before : last.after;
}
