import type { Logger } from 'pino';
import type { BusObserver } from '../bus.ts';

const LOG_INTERVAL_MS = 60_000;

export interface MalformedLogDeps {
  readonly log: Logger;
  readonly observer?: BusObserver | undefined;
  /** Milliseconds; only differences matter. */
  readonly now: () => number;
}

/**
 * Counts every malformed message and writes about the first one, then at most one a minute.
 *
 * @returns to be called with where the message was and what is wrong with it
 */
export function createMalformedLog(deps: MalformedLogDeps): (place: string, err: unknown) => void {
  let lastLogged = -Infinity;
  let unlogged = 0;
  return (place, err) => {
    deps.observer?.malformedMessage();
    const now = deps.now();
    if (now - lastLogged < LOG_INTERVAL_MS) {
      unlogged += 1;
      return;
    }
    deps.log.warn({ place, err, unlogged }, 'a malformed message on the bus was left out');
    lastLogged = now;
    unlogged = 0;
  };
}
