import { constants } from 'node:os';
import type { Logger } from 'pino';

/** Why a process stops. */
export type StopReason = 'SIGTERM' | 'SIGINT';

/** Exit code of a process that was told twice to stop: something was cut short. */
const EXIT_IMPATIENT = 130;
/** Exit code of a process whose orderly stop took longer than allowed. */
const EXIT_DEADLINE = 1;

const STOP_SIGNALS: readonly StopReason[] = ['SIGTERM', 'SIGINT'];

/**
 * Lets SIGTERM and SIGINT end the process at once until {@link untilStopped} takes them over: what has
 * not started has nothing to close. Without a handler the first process of a container would ignore
 * them, and be killed only when its grace period is over. The exit code is the one that shells report
 * for such a signal, 143 or 130.
 */
export function endAtOnceWhileStarting(): void {
  for (const signal of STOP_SIGNALS) process.on(signal, endAtOnce);
}

function endAtOnce(signal: StopReason): void {
  process.exit(128 + constants.signals[signal]);
}

/**
 * Resolves at the first SIGTERM or SIGINT. From then on a second signal ends the process at once, and
 * so does the deadline: an orderly stop must never be what keeps a process alive.
 *
 * @param deadlineMs how long the orderly stop may take
 */
export function untilStopped(log: Logger, deadlineMs: number): Promise<StopReason> {
  return new Promise((resolve) => {
    let isStopping = false;
    const onSignal = (signal: StopReason): void => {
      if (isStopping) {
        log.warn({ signal }, 'told again to stop: exiting at once');
        process.exit(EXIT_IMPATIENT);
      }
      isStopping = true;
      log.info({ signal }, 'stopping');
      setTimeout(() => {
        log.error({ deadlineMs }, 'the orderly stop took too long: exiting');
        process.exit(EXIT_DEADLINE);
      }, deadlineMs).unref();
      resolve(signal);
    };
    for (const signal of STOP_SIGNALS) {
      process.off(signal, endAtOnce);
      process.on(signal, onSignal);
    }
  });
}
