import type { Port, Refusal } from './port.ts';
import { CandlegateError } from '../types.ts';

export type Scope = ReturnType<typeof createScope>;

/**
 * What an attempt or a connection has set going: once that is over, nothing of it is heard.
 *
 * @param enter takes in what has come
 */
export function createScope(world: Pick<Port, 'after'>, enter: (task: () => void) => void) {
  const timers = new Set<() => void>();
  let generation = 0;

  /** The task, for as long as what goes on now does. */
  function heard<Args extends unknown[]>(task: (...args: Args) => void) {
    const mine = generation;
    return (...args: Args) =>
      enter(() => {
        if (mine === generation) task(...args);
      });
  }
  return {
    heard,
    after: (ms: number, action: () => void) => {
      const act = heard(action);
      const stop = world.after(ms, () => {
        timers.delete(cancel);
        act();
      });
      const cancel = () => {
        timers.delete(cancel);
        stop();
      };
      timers.add(cancel);
      return cancel;
    },
    settle: <Value>(
      promise: PromiseLike<Value>,
      done: (value: Value) => void,
      failed: (refusal: Refusal) => void,
    ) => {
      promise.then(
        heard(done),
        heard((error: unknown) =>
          failed(
            error instanceof CandlegateError
              ? error
              : new CandlegateError('unavailable', String(error)),
          ),
        ),
      );
    },
    /** What was set going with `after` is over, and with `isLost` the rest too. */
    end: (isLost: boolean) => {
      for (const cancel of timers) cancel();
      if (isLost) generation += 1;
    },
  };
}
