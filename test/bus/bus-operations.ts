import fc from 'fast-check';
import type { Fence, Publication } from '../../src/bus/bus.ts';
import {
  claim,
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

/** A publication; `previous` is the distance to the candle before, 0 for none that is known. */
interface Step {
  readonly n: number;
  readonly confirm: boolean;
  readonly previous: number;
  readonly atMs: number;
  readonly backfill: boolean;
}

const CANDLES = 12;

const fence = fc.record({
  token: fc.constantFrom(1, 2, 1_745_000_000_000, 1_745_000_000_001),
  // 'B' and 'a' change places in most locales.
  worker: fc.constantFrom('B', 'a', 'a2'),
});
/** Mostly one fence, so that not everything ends in `fenced`. */
const usualFence = fc.oneof(
  { weight: 20, arbitrary: fc.constant({ token: 1, worker: 'a' }) },
  { weight: 1, arbitrary: fence },
);
const step = fc.record({
  n: fc.integer({ min: 1, max: CANDLES }),
  confirm: fc.boolean(),
  previous: fc.constantFrom(1, 1, 1, 1, 2, 0),
  atMs: fc.constantFrom(0, 1, 500, 59_999),
  backfill: fc.boolean(),
});
/** A run of closes, each behind the one before, so that history grows. */
const run = fc
  .record({ n: fc.integer({ min: 1, max: CANDLES }), length: fc.integer({ min: 1, max: 4 }) })
  .map(({ n, length }) =>
    Array.from({ length }, (_, i) => ({
      ...{ n: n + i, confirm: true, previous: 1, atMs: 0, backfill: false },
    })),
  );

export const operationArbitrary: fc.Arbitrary<Operation> = fc.oneof(
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
      first: fc.integer({ min: 0, max: CANDLES }),
      count: fc.integer({ min: 0, max: 9 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('claim' as const), fence: usualFence }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'other-replication-id' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'forget' as const }) },
);

/** What one step publishes. */
export function publicationOf(channel: Publication['channel'], taken: Step): Publication {
  const { n, confirm, previous, atMs, backfill } = taken;
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
      return operation.batch.map((step) => {
        const publication = publicationOf(channel, step);
        const stamped = { ...publication, times: { ...publication.times, published } };
        const ruling = publish(before, operation.fence, stamped, context.ruleContext());
        const judgement = {
          operation: { ...operation, batch: [step] },
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
