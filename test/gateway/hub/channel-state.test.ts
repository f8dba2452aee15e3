import { describe, expect, it } from 'vitest';
import type { ChannelHistory } from '../../../src/bus/bus.ts';
import type { BusCandleMessage } from '../../../src/candle/messages.ts';
import type { ChannelEffect } from '../../../src/gateway/hub/channel-effects.ts';
import { ChannelState } from '../../../src/gateway/hub/channel-state.ts';
import { at, closeOf, headAt, updateOf } from './support/messages.ts';

const NOW = at(100);
const GRACE_MS = 250;

function newState(options: { startedAt?: number; maxHeldCloses?: number } = {}): ChannelState {
  let requests = 0;
  return new ChannelState({
    interval: '1',
    historyDepth: 100,
    maxHeldCloses: 100,
    headGraceMs: GRACE_MS,
    startedAt: NOW,
    nextRequest: () => (requests += 1),
    ...options,
  });
}

/** The store's answer with these closed candles, the last offset last. */
function history(
  offset: number,
  closed: readonly BusCandleMessage[],
  open: BusCandleMessage | null = null,
  epoch = 'a',
): ChannelHistory {
  const lastClosed = closed.at(-1)?.candle.start ?? null;
  return { head: { epoch, offset, lastClosed }, closed, open };
}

/** A channel that knows the closes of candles 1 and 2 and an update of 3, at offset 10. */
function liveState(): ChannelState {
  const state = newState();
  const request = readOf(state.subscribed(NOW)).request;
  state.historyRead(
    request,
    history(10, [closeOf(1, 3, { previous: null }), closeOf(2, 7)], updateOf(3, 10, 5)),
    NOW,
  );
  return state;
}

function readOf(effects: readonly ChannelEffect[]) {
  const read = effects.find((effect) => effect.type === 'read');
  if (read === undefined) throw new Error(`no read in ${JSON.stringify(effects)}`);
  return read;
}
const causes = (effects: readonly ChannelEffect[]) =>
  effects.flatMap((effect) => (effect.type === 'repair_started' ? [effect.cause] : []));
const delivered = (effects: readonly ChannelEffect[]) =>
  effects.flatMap((effect) => (effect.type === 'deliver' ? [effect.message] : []));
const types = (effects: readonly ChannelEffect[]) => effects.map(({ type }) => type);

describe('live messages in sequence', () => {
  it('are delivered as they come, and are the state', () => {
    const state = liveState();
    const update = updateOf(3, 11, 6);
    expect(state.live(update, NOW)).toEqual([
      { type: 'deliver', message: update, receivedAt: NOW, via: 'live' },
    ]);
    expect(state.offset).toBe(11);
    expect(state.openCandle).toBe(update.candle);
    expect(state.lastUpdate).toBe(update.times.exchange);

    const close = closeOf(3, 12);
    expect(delivered(state.live(close, NOW))).toEqual([close]);
    expect(state.history.lastClosed).toBe(at(3));
    expect(state.openCandle).toBeNull();
  });

  it('may bring the close of a candle after an update of the next', () => {
    const state = liveState();
    const update = updateOf(4, 11, 1);
    const close = closeOf(3, 12);
    expect(delivered(state.live(update, NOW))).toEqual([update]);
    expect(delivered(state.live(close, NOW))).toEqual([close]);
    expect(state.openCandle).toBe(update.candle);
  });

  it('are delivered once', () => {
    const state = liveState();
    const update = updateOf(3, 11, 6);
    state.live(update, NOW);
    expect(state.live(update, NOW)).toEqual([{ type: 'duplicate' }]);
  });

  it('that say nothing new only move the offset', () => {
    const state = liveState();
    expect(types(state.live(closeOf(2, 11), NOW))).toEqual(['duplicate']);
    expect(types(state.live(updateOf(2, 12, 50), NOW))).toEqual(['duplicate']);
    expect(types(state.live(updateOf(3, 13, 4), NOW))).toEqual(['duplicate']);
    expect(state.offset).toBe(13);
  });

  it('may skip candles that never existed', () => {
    const state = liveState();
    const close = closeOf(9, 11, { previous: at(2) });
    expect(delivered(state.live(close, NOW))).toEqual([close]);
  });
});

describe('a repair', () => {
  it('follows a skipped offset, and puts what was missed before what was held', () => {
    const state = liveState();
    const effects = state.live(updateOf(5, 14, 2), NOW);
    expect(causes(effects)).toEqual(['gap']);
    expect(readOf(effects)).toEqual({ type: 'read', request: 2, after: at(2), attempt: 0 });
    const held = [closeOf(5, 15), updateOf(6, 16, 1)];
    for (const message of held) expect(state.live(message, NOW + 1)).toEqual([]);
    expect(state.history.lastClosed).toBe(at(2));

    const missed = [closeOf(3, 11), closeOf(4, 13)];
    const answer = history(14, missed, updateOf(5, 14, 2));
    const after = state.historyRead(2, answer, NOW + 40);
    expect(after[0]).toEqual({ type: 'repair_finished', cause: 'gap', durationMs: 40 });
    expect(delivered(after)).toEqual([...missed, ...held]);
    expect(after.flatMap((effect) => (effect.type === 'deliver' ? [effect.via] : []))).toEqual([
      'repair',
      'repair',
      'live',
      'live',
    ]);
    expect(state.offset).toBe(16);
    expect(state.repairingSince).toBeNull();
    expect(delivered(state.live(updateOf(6, 17, 2), NOW))).toHaveLength(1);
  });

  it('delivers history’s update of the open candle when it is the newest', () => {
    const state = liveState();
    state.live(updateOf(3, 12, 8), NOW);
    const newest = updateOf(3, 13, 9);
    expect(delivered(state.historyRead(2, history(13, [], newest), NOW))).toEqual([newest]);
    expect(types(state.live(newest, NOW))).toEqual(['duplicate']);
  });

  it('reads again until history reaches what caused it', () => {
    const state = liveState();
    state.live(closeOf(4, 13), NOW);
    const again = state.historyRead(2, history(12, [closeOf(3, 12)]), NOW);
    expect(again).toEqual([{ type: 'read', request: 3, after: at(2), attempt: 1 }]);
    expect(readOf(state.historyRead(3, null, NOW)).attempt).toBe(2);
    expect(readOf(state.historyFailed(4)).attempt).toBe(3);
    const done = state.historyRead(5, history(13, [closeOf(3, 12), closeOf(4, 13)]), NOW);
    expect(delivered(done).map(({ candle }) => candle.start)).toEqual([at(3), at(4)]);
  });

  it('ignores the answer to a request that is void', () => {
    const state = liveState();
    state.live(closeOf(4, 13), NOW);
    state.subscribed(NOW);
    expect(state.historyRead(2, history(13, [closeOf(3, 12), closeOf(4, 13)]), NOW)).toEqual([]);
    expect(state.historyFailed(2)).toEqual([]);
    expect(state.repairingSince).toBe(NOW);
  });

  it('reads anew, without waiting, when the subscription is made again meanwhile', () => {
    const state = liveState();
    state.live(closeOf(4, 13), NOW);
    state.historyFailed(2);
    expect(readOf(state.subscribed(NOW))).toMatchObject({ request: 4, attempt: 0 });
  });

  it('takes a second gap while it waits for history', () => {
    const state = liveState();
    state.live(updateOf(3, 12, 7), NOW);
    state.live(closeOf(4, 15), NOW);
    // The read was asked before offset 15 was seen: no attempt in vain, and none to be punished.
    const again = state.historyRead(2, history(12, [], updateOf(3, 12, 7)), NOW);
    expect(readOf(again)).toMatchObject({ request: 3, attempt: 0 });
    const done = state.historyRead(3, history(15, [closeOf(3, 13), closeOf(4, 15)]), NOW);
    expect(delivered(done).map(({ offset }) => offset)).toEqual([13, 15]);
    expect(state.offset).toBe(15);
  });

  it('follows a new epoch, and resends nothing that is known', () => {
    const state = liveState();
    const effects = state.live(closeOf(2, 1, { epoch: 'b' }), NOW);
    expect(causes(effects)).toEqual(['epoch']);
    const answer = history(2, [closeOf(3, 2, { epoch: 'b' })], null, 'b');
    const done = state.historyRead(2, answer, NOW);
    expect(delivered(done).map(({ candle }) => candle.start)).toEqual([at(3)]);
    expect([state.epoch, state.offset]).toEqual(['b', 2]);
  });

  it('gives up an offset whose epoch is over', () => {
    const state = liveState();
    state.live(updateOf(3, 15, 9), NOW);
    const done = state.historyRead(2, history(1, [closeOf(3, 1)], null, 'b'), NOW);
    expect(types(done)).toEqual(['repair_finished', 'deliver']);
    expect(state.epoch).toBe('b');
  });

  it('delivers a held close that fits although the store has forgotten its epoch', () => {
    const state = liveState();
    state.live(closeOf(4, 15), NOW);
    const done = state.historyRead(2, history(1, [closeOf(3, 1)], null, 'b'), NOW);
    expect(delivered(done).map(({ candle }) => candle.start)).toEqual([at(3), at(4)]);
    expect([state.epoch, state.offset]).toEqual(['b', 1]);
  });

  it('does not take the old epoch for an answer that was asked before the new one was seen', () => {
    const state = liveState();
    state.subscribed(NOW);
    state.live(updateOf(3, 1, 9, { epoch: 'b' }), NOW);
    expect(readOf(state.historyRead(2, history(10, []), NOW))).toMatchObject({ attempt: 0 });
  });

  it('reads at once when a new epoch shows while it waits for another attempt', () => {
    const state = liveState();
    state.live(closeOf(4, 13), NOW);
    state.historyRead(2, history(9, []), NOW);
    expect(readOf(state.live(updateOf(3, 1, 9, { epoch: 'b' }), NOW))).toMatchObject({
      request: 4,
      attempt: 0,
    });
  });

  it('follows something new under an offset that was used', () => {
    const state = liveState();
    const effects = state.live(closeOf(3, 9), NOW);
    expect(causes(effects)).toEqual(['regression']);
    const done = state.historyRead(2, history(9, [closeOf(3, 9)]), NOW);
    expect(delivered(done)).toHaveLength(1);
    expect(state.offset).toBe(9);
  });

  it('follows every subscription', () => {
    const state = liveState();
    const effects = state.subscribed(NOW);
    expect(causes(effects)).toEqual(['subscription']);
    expect(types(state.historyRead(2, history(10, []), NOW))).toEqual(['repair_finished']);
  });

  it('follows a closed candle whose predecessor is not here, though no offset was skipped', () => {
    const state = liveState();
    expect(causes(state.live(closeOf(4, 11), NOW))).toEqual(['chain']);
    const done = state.historyRead(2, history(11, [closeOf(3, 8), closeOf(4, 11)]), NOW);
    expect(delivered(done).map(({ candle }) => candle.start)).toEqual([at(3), at(4)]);
  });

  it('holds a bounded number of closes and has the rest from history', () => {
    const state = newState({ maxHeldCloses: 2 });
    const { request } = readOf(state.subscribed(NOW));
    for (let n = 1; n <= 5; n++) state.live(closeOf(n, n), NOW);
    const closes = [1, 2, 3, 4, 5].map((n) => closeOf(n, n));
    // Offset 3 was let go: an answer that ends before it is not enough.
    const again = readOf(state.historyRead(request, history(2, closes.slice(0, 2)), NOW));
    const done = state.historyRead(again.request, history(3, closes.slice(0, 3)), NOW);
    expect(types(done)).toEqual(['repair_finished', 'snapshot', 'deliver', 'deliver']);
    expect(state.history.lastClosed).toBe(at(5));
    expect(state.offset).toBe(5);
  });
});

describe('a hole', () => {
  it('is told when history no longer has what was missed, and nothing of it is delivered', () => {
    const state = liveState();
    state.live(updateOf(9, 50, 1), NOW);
    const answer = history(50, [closeOf(7, 40), closeOf(8, 45)], updateOf(9, 50, 1));
    const done = state.historyRead(2, answer, NOW);
    expect(types(done)).toEqual(['repair_finished', 'hole', 'deliver']);
    expect(done[1]).toEqual({ type: 'hole', after: at(2), before: at(7), through: at(8) });
    expect(state.history.reachesBackTo(at(2))).toBe(false);
    expect(state.history.reachesBackTo(at(6))).toBe(true);
    expect(delivered(state.live(closeOf(9, 51), NOW))).toHaveLength(1);
  });

  it('is told when it lies within what history has', () => {
    const state = liveState();
    state.subscribed(NOW);
    const answer = history(50, [closeOf(3, 20), closeOf(7, 45, { previous: null })]);
    const done = state.historyRead(2, answer, NOW);
    expect(done[1]).toEqual({ type: 'hole', after: at(2), before: at(7), through: at(7) });
    expect(delivered(done)).toEqual([]);
  });

  it('is read about before it is told when a live close says that its predecessor is unknown', () => {
    const state = liveState();
    const close = closeOf(7, 11, { previous: null });
    expect(causes(state.live(close, NOW))).toEqual(['chain']);
    const done = state.historyRead(2, history(11, [close]), NOW);
    expect(types(done)).toEqual(['repair_finished', 'hole']);
    expect(state.history.lastClosed).toBe(at(7));
  });

  it('is none where the first history begins, or within it', () => {
    const state = newState();
    const { request } = readOf(state.subscribed(NOW));
    const answer = history(9, [closeOf(1, 9), closeOf(5, 9), closeOf(6, 9)]);
    expect(types(state.historyRead(request, answer, NOW))).toEqual(['repair_finished', 'snapshot']);
    expect(state.history.reachesBackTo(at(3))).toBe(false);
  });

  it('is asked about at every later read, and filled once the store can, for those who resume', () => {
    const state = liveState();
    state.live(closeOf(7, 11, { previous: null }), NOW);
    state.historyRead(2, history(11, [closeOf(7, 11, { previous: null })]), NOW);
    const again = state.subscribed(NOW);
    expect(readOf(again).after).toBe(at(2));
    const closes = [3, 4, 5, 6, 7].map((n) => closeOf(n, 1));
    const done = state.historyRead(readOf(again).request, history(1, closes, null, 'b'), NOW);
    // Those who were there have been told to resume; nothing goes out behind what they have.
    expect(types(done)).toEqual(['repair_finished']);
    expect(state.history.reachesBackTo(at(1))).toBe(true);
    expect(readOf(state.subscribed(NOW)).after).toBe(at(7));
  });

  it('is found behind held closes that the read could not know of', () => {
    const state = liveState();
    state.subscribed(NOW);
    const far = closeOf(7, 12, { previous: null });
    state.live(closeOf(3, 11), NOW);
    state.live(far, NOW);
    const first = state.historyRead(2, history(11, [closeOf(3, 11)]), NOW);
    expect(types(first)).toEqual(['repair_finished', 'deliver', 'repair_started', 'read']);
    expect(causes(first)).toEqual(['chain']);
    const { request } = readOf(first);
    expect(types(state.historyRead(request, history(12, [far]), NOW))).toEqual([
      'repair_finished',
      'hole',
    ]);
    expect(state.offset).toBe(12);
  });
});

describe('the first history', () => {
  it('goes out as one snapshot with what closed since the gateway started, and the open candle', () => {
    const state = newState({ startedAt: at(4) + 5 });
    const { request, after } = readOf(state.subscribed(NOW));
    expect(after).toBeNull();
    const closes = [1, 2, 3, 4, 5].map((n) => closeOf(n, n, n === 1 ? { previous: null } : {}));
    const open = updateOf(6, 6, 1);
    expect(state.historyRead(request, history(6, closes, open), NOW)).toEqual([
      { type: 'repair_finished', cause: 'subscription', durationMs: 0 },
      {
        type: 'snapshot',
        epoch: 'a',
        offset: 6,
        closed: [closes[3]?.candle, closes[4]?.candle],
        open: open.candle,
      },
    ]);
    expect(state.history.size).toBe(5);
  });

  it('shows one closed candle at least', () => {
    const state = newState({ startedAt: at(50) });
    const { request } = readOf(state.subscribed(NOW));
    const done = state.historyRead(request, history(2, [closeOf(1, 1), closeOf(2, 2)]), NOW);
    expect(done[1]).toMatchObject({ closed: [{ start: at(2) }], open: null });
  });

  it('that is empty is a history too', () => {
    const state = newState();
    const { request } = readOf(state.subscribed(NOW));
    expect(state.hasReadHistory).toBe(false);
    expect(types(state.historyRead(request, null, NOW))).toEqual(['repair_finished']);
    expect(state.hasReadHistory).toBe(true);
    expect(state.epoch).toBeNull();
  });

  it('comes by the leader’s head when a store that was empty is seeded', () => {
    const state = newState();
    const { request } = readOf(state.subscribed(NOW));
    state.historyRead(request, history(0, []), NOW);
    state.live(updateOf(3, 1, 2), NOW);
    state.leaderHead(headAt(2, 2), NOW);
    const read = readOf(state.tick(NOW + GRACE_MS));
    const closes = [closeOf(1, 2, { previous: null }), closeOf(2, 2)];
    const done = state.historyRead(read.request, history(2, closes, updateOf(3, 1, 2)), NOW);
    expect(types(done)).toEqual(['repair_finished', 'snapshot']);
    expect(done[1]).toMatchObject({ closed: [{ start: at(2) }], open: { start: at(3) } });
  });
});

describe('the leader’s head', () => {
  it('that is not ahead asks for nothing', () => {
    const state = liveState();
    expect(state.leaderHead(headAt(10, 2), NOW)).toEqual([]);
    expect(state.leaderHead(headAt(9, 1), NOW)).toEqual([]);
    expect(state.tick(NOW + 10 * GRACE_MS)).toEqual([]);
  });

  it('that overtook a message waits for it', () => {
    const state = liveState();
    expect(state.leaderHead(headAt(11, 2), NOW)).toEqual([]);
    expect(state.tick(NOW + GRACE_MS - 1)).toEqual([]);
    state.live(updateOf(3, 11, 8), NOW + GRACE_MS - 1);
    expect(state.tick(NOW + GRACE_MS)).toEqual([]);
  });

  it.each([
    ['a higher offset', headAt(11, 2)],
    ['another epoch', headAt(3, 2, 'b')],
    ['a later close', headAt(10, 3)],
  ])('with %s has history read when nothing explains it', (_name, head) => {
    const state = liveState();
    state.leaderHead(head, NOW);
    // A later head does not put the first one off.
    state.leaderHead(head, NOW + GRACE_MS / 2);
    const effects = state.tick(NOW + GRACE_MS);
    expect(causes(effects)).toEqual(['head']);
    expect(state.tick(NOW + GRACE_MS)).toEqual([]);
  });

  it('is not waited on for as long as the clock was set back', () => {
    const state = liveState();
    state.leaderHead(headAt(11, 2), NOW);
    expect(causes(state.tick(NOW - 3_600_000))).toEqual(['head']);
  });

  it('brings a close whose message was the last and was lost', () => {
    const state = liveState();
    state.leaderHead(headAt(11, 3), NOW);
    const { request } = readOf(state.tick(NOW + GRACE_MS));
    const close = closeOf(3, 11);
    expect(delivered(state.historyRead(request, history(11, [close]), NOW))).toEqual([close]);
  });
});
