import type { Insurance, WindowQuota, WindowState } from '../store.ts';
import { windowState } from '../window-state.ts';
import { BoundedMemoryLimiter } from './bounded-memory-limiter.ts';

/** At some 400 bytes each, 20 MB for each quota. */
export const MAX_KEYS = 50_000;

/** Counts this process's events: all of them, or its share where there are other processes. */
export class MemoryWindows implements Insurance {
  readonly #limiters = new Map<string, BoundedMemoryLimiter>();
  readonly #maxKeys: number;
  #processes = 1;

  constructor(maxKeys = MAX_KEYS) {
    this.#maxKeys = maxKeys;
  }

  /** Among how many processes each limit is to be shared out. */
  shareAmong(processes: number): void {
    this.#processes = Math.max(1, processes);
  }

  /** This process's share of a limit. */
  shareOf(limit: number): number {
    return Math.ceil(limit / this.#processes);
  }

  async hit(key: string, quota: WindowQuota): Promise<WindowState> {
    const limiter = this.limiter(quota);
    return windowState(limiter.consume(key), quota);
  }

  /** Ms until a key that has gone beyond its quota is free again; 0 when it is free. */
  async blockedMs(key: string, quota: WindowQuota): Promise<number> {
    const limiter = this.limiter(quota);
    const found = await limiter.get(key);
    if (found === null || found.consumedPoints <= limiter.points) return 0;
    return Math.max(0, found.msBeforeNext);
  }

  /** The library's limiter of one quota, with the present share. */
  limiter(quota: WindowQuota): BoundedMemoryLimiter {
    const { limit, windowSeconds, blockSeconds = 0 } = quota;
    const name = `${limit}/${windowSeconds}/${blockSeconds}`;
    let limiter = this.#limiters.get(name);
    if (limiter === undefined) {
      limiter = new BoundedMemoryLimiter(
        { keyPrefix: '', points: limit, duration: windowSeconds, blockDuration: blockSeconds },
        this.#maxKeys,
      );
      this.#limiters.set(name, limiter);
    }
    limiter.points = this.shareOf(limit);
    return limiter;
  }
}
