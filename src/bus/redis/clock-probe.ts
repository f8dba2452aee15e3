import { ClockOffsetEstimator } from '../../time/clock-offset.ts';
import type { Clock } from '../../time/clock.ts';
import type { RedisClient } from '../../redis/client.ts';
import type { BusObserver } from '../bus.ts';

/** The first samples come quicker: one alone cannot tell an offset from a drift. */
const QUICK_SAMPLES = 3;
const QUICK_MS = 500;
const SAMPLE_MS = 15_000;

/**
 * Compares our clock with the store's, so that the clocks of two processes can be compared through it. In
 * a cluster any node is asked; their clocks are taken for one.
 *
 * @returns ends it
 */
export function startClockProbe(
  connection: RedisClient,
  clock: Clock,
  observer: BusObserver,
): () => void {
  const estimator = new ClockOffsetEstimator();
  let timer: NodeJS.Timeout | undefined;
  let samples = 0;
  let isOver = false;
  const sample = async (): Promise<void> => {
    try {
      const sentAt = clock.now();
      const [seconds, microseconds] = await connection.time();
      const remote = Number(seconds) * 1000 + Number(microseconds) / 1000;
      estimator.add({ sentAt, receivedAt: clock.now(), remote });
      samples += 1;
    } catch {
      // A store that does not answer is told of elsewhere; the offset gets old meanwhile.
    }
    if (isOver) return;
    observer.clockOffset(estimator.offset);
    timer = setTimeout(() => void sample(), samples < QUICK_SAMPLES ? QUICK_MS : SAMPLE_MS).unref();
  };
  timer = setTimeout(() => void sample(), 0).unref();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
