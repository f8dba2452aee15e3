import { describe, expect, it } from 'vitest';
import { SettledCloses } from '../../../src/gateway/hub/settled-closes.ts';

/** An event loop whose turns are made by hand. */
function manualLoop() {
  let queue: (() => void)[] = [];
  return {
    defer: (run: () => void) => void queue.push(run),
    /** The check phase of one turn: what it defers runs in the next. */
    turn() {
      const due = queue;
      queue = [];
      for (const run of due) run();
    },
    get isIdle() {
      return queue.length === 0;
    },
  };
}

describe('what is settled', () => {
  it('lags one whole turn behind', () => {
    const loop = manualLoop();
    const settled = new SettledCloses(loop.defer);
    const channel = { lastClosed: 1, settled: null };
    settled.changed(channel);
    settled.changed(channel);
    loop.turn();
    expect(channel.settled).toBeNull();
    loop.turn();
    expect(channel.settled).toBe(1);
    expect(loop.isIdle).toBe(true);
  });

  it('never takes in what was published in the turn before', () => {
    const loop = manualLoop();
    const settled = new SettledCloses(loop.defer);
    const channel: { lastClosed: number; settled: number | null } = {
      lastClosed: 0,
      settled: null,
    };
    for (let turn = 1; turn < 10; turn++) {
      channel.lastClosed = turn;
      settled.changed(channel);
      loop.turn();
      expect(channel.settled).toBe(turn === 1 ? null : turn - 1);
    }
    loop.turn();
    expect(channel.settled).toBe(9);
  });

  it("is behind the first setImmediate of Node's event loop, where a server still reports drops", async () => {
    const settled = new SettledCloses(setImmediate);
    const channel = { lastClosed: 5, settled: null };
    settled.changed(channel);
    await new Promise((resolve) => setImmediate(resolve));
    expect(channel.settled).toBeNull();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(channel.settled).toBe(5);
  });
});
