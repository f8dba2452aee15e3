import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { headOf, historyOf, publish, type ChannelState } from '../../src/bus/publish-rule.ts';
import { isBelow } from '../../src/bus/fence.ts';
import {
  judge,
  operationsArbitrary,
  stateAfter,
  type Judgement,
  type Operation,
} from './bus-operations.ts';
import { BTC } from './fixtures.ts';

const DEPTH = 5;

/** Every call that these operations lead to. */
function play(operations: readonly Operation[]): Judgement[] {
  let state: ChannelState | null = null;
  let replicationId = 'r0';
  let names = 0;
  const ruleContext = () => ({
    source: 'bybit' as const,
    replicationId,
    newEpoch: `e${(names += 1)}`,
    historyDepth: DEPTH,
  });
  const all: Judgement[] = [];
  for (const operation of operations) {
    if (operation.kind === 'other-replication-id') replicationId += '+';
    if (operation.kind === 'forget') state = null;
    const judgements = judge(state, operation, { channel: BTC, published: 1, ruleContext });
    all.push(...judgements);
    state = stateAfter(judgements, state);
  }
  return all;
}

function forAllEvents(check: (event: Judgement) => void): void {
  fc.assert(
    fc.property(operationsArbitrary, (operations) => {
      for (const event of play(operations)) check(event);
    }),
    { numRuns: 50 },
  );
}

describe('the publish rule', () => {
  it('moves the offset by exactly one per accepted call and never back within an epoch', () => {
    forAllEvents(({ before, after, operation, result: { status } }) => {
      if (after === null) return;
      const startedAt = before?.epoch === after.epoch ? before.offset : 0;
      const isAccepted =
        status === 'published' ||
        (status === 'seeded' && operation.kind === 'seed' && operation.count > 0);
      expect(after.offset).toBe(startedAt + (isAccepted ? 1 : 0));
    });
  });

  it('keeps closed candles in order, each naming the one before it or nothing, within its depth', () => {
    forAllEvents(({ after }) => {
      const closed = after?.closed ?? [];
      expect(closed.length).toBeLessThanOrEqual(DEPTH);
      closed.forEach(({ candle, previous }, index) => {
        expect(candle.confirm).toBe(true);
        const before = closed[index - 1];
        if (before === undefined) return;
        expect(before.candle.start).toBeLessThan(candle.start);
        if (previous !== null) expect(previous).toBe(before.candle.start);
      });
    });
  });

  it('never takes a closed candle back and never changes one', () => {
    forAllEvents(({ before, after }) => {
      if (before === null || after === null) return;
      const isFull = after.closed.length === DEPTH;
      const oldest = isFull ? (after.closed[0]?.candle.start ?? 0) : 0;
      for (const message of before.closed) {
        if (message.candle.start >= oldest) expect(after.closed).toContain(message);
      }
      expect(headOf(after).lastClosed ?? 0).toBeGreaterThanOrEqual(headOf(before).lastClosed ?? 0);
    });
  });

  it('holds an open candle only after the last closed one, and never an older update', () => {
    forAllEvents(({ before, after }) => {
      if (!after?.open) return;
      const { lastClosed } = headOf(after);
      expect(after.open.candle.start).toBeGreaterThan(lastClosed ?? -1);
      if (!before?.open) return;
      const [old, now] = [before.open, after.open];
      const isNotOlder =
        now.candle.start > old.candle.start ||
        (now.candle.start === old.candle.start && now.times.exchange >= old.times.exchange);
      expect(isNotOlder).toBe(true);
    });
  });

  it('changes nothing under a lower fence, and nothing but fence and epoch when it refuses', () => {
    forAllEvents(({ before, after, operation, result: { status } }) => {
      if (!('fence' in operation)) return;
      expect(status === 'fenced').toBe(before !== null && isBelow(operation.fence, before.fence));
      if (status === 'fenced') expect(after).toBe(before);
      else expect(after?.fence).toEqual(operation.fence);
      if (status === 'stale' || status === 'gap' || status === 'occupied' || status === 'claimed') {
        expect(after?.closed).toEqual(before?.closed ?? []);
        expect(after?.open).toEqual(before?.open ?? null);
      }
    });
  });

  it('calls a repeated publication stale, whatever came of it first, unless it was refused', () => {
    forAllEvents(({ after, operation, publication, result: { status } }) => {
      if (operation.kind !== 'publish' || publication === undefined || after === null) return;
      const again = publish(
        after,
        operation.fence,
        { ...publication, times: { ...publication.times, published: 2 } },
        { source: 'bybit', replicationId: after.replicationId, newEpoch: 'x', historyDepth: DEPTH },
      );
      expect(again.result.status).toBe(status === 'published' ? 'stale' : status);
      expect(again.state).toEqual(after);
    });
  });

  it('reads history after any start', () => {
    forAllEvents(({ after }) => {
      if (after === null) return;
      const whole = historyOf(after);
      for (const { candle } of whole.closed) {
        const part = historyOf(after, candle.start);
        expect(part.closed).toEqual(whole.closed.filter((m) => m.candle.start > candle.start));
        expect(part.open).toEqual(whole.open);
      }
    });
  });
});
