import { describe, expect, it } from 'vitest';
import { createScope } from '../../src/client/core/scope.ts';

describe('a scope', () => {
  /** Timers that the world was asked for, and how many of them it was asked to stop. */
  function makeWorld() {
    const actions: (() => void)[] = [];
    let stopped = 0;
    const scope = createScope(
      {
        after: (_ms, action) => {
          actions.push(action);
          return () => (stopped += 1);
        },
      },
      (task) => task(),
    );
    return { scope, actions, stopped: () => stopped };
  }

  it('keeps nothing of timers that are over, however long a connection lasts', () => {
    const { scope, actions, stopped } = makeWorld();
    let fired = 0;
    for (let ping = 0; ping < 1_000; ping += 1) {
      scope.after(1, () => (fired += 1));
      actions.at(-1)?.();
      scope.after(1, () => (fired += 1))();
    }
    expect([fired, stopped()]).toEqual([1_000, 1_000]);
    scope.after(1, () => (fired += 1));
    scope.end(true);
    expect(stopped()).toBe(1_001);
  });

  it('does not hear a timer of what has been lost', () => {
    const { scope, actions } = makeWorld();
    let fired = 0;
    scope.after(1, () => (fired += 1));
    scope.end(true);
    actions[0]?.();
    expect(fired).toBe(0);
  });
});
