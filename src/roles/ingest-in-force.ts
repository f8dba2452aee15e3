import { setTimeout as delay } from 'node:timers/promises';
import type { Channel } from '../candle/channel.ts';
import type { Ingest } from '../ingest/ingest.ts';

/** How long the successor may take to hear of every channel before it takes over all the same. */
const WARM_UP_MS = 10_000;
const POLL_MS = 50;

/** An ingest worker whose channels can be exchanged. */
export interface ReplaceableIngest extends Ingest {
  /** Follows these channels from now on. Resolves when the old worker has given its turn away. */
  useChannels(channels: readonly Channel[]): Promise<void>;
}

/**
 * A worker follows the same channels all its life. To exchange them a second one stands by as any
 * standby does until it hears of all its channels; then the first one stops, and the second takes over
 * its turn, with nothing to fetch of the channels that both followed.
 *
 * @param create makes a worker; `generation` grows, for names that no two workers share
 */
export function replaceableIngest(
  create: (channels: readonly Channel[], generation: number) => Ingest,
  channels: readonly Channel[],
): ReplaceableIngest {
  let generation = 0;
  let current = create(channels, generation);
  /** The one in force and, while it warms up, its successor. */
  const workers = new Set([current]);
  let isStopped = false;
  const hasStopped = (): boolean => isStopped;
  return {
    start: () => current.start(),
    status: () => current.status(),
    async stop() {
      isStopped = true;
      await Promise.all([...workers].map((worker) => worker.stop()));
    },
    async useChannels(wanted) {
      if (isStopped) return;
      generation += 1;
      const next = create(wanted, generation);
      workers.add(next);
      next.start();
      const deadline = performance.now() + WARM_UP_MS;
      const hearsAll = () => next.status().channels.every(({ state }) => state === 'live');
      while (!hasStopped() && !hearsAll() && performance.now() < deadline) await delay(POLL_MS);
      const previous = current;
      current = next;
      await previous.stop();
      workers.delete(previous);
    },
  };
}
