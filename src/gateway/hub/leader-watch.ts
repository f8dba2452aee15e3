import type { Fence, LeaderHeartbeat } from '../../bus/bus.ts';
import { isBelow } from '../../bus/fence.ts';

/**
 * Tells the leader's heartbeats from those of a predecessor who has not noticed yet that it was
 * replaced: while the one with the higher fence is heard, lower ones do not count.
 */
export class LeaderWatch {
  readonly #silenceMs: number;
  #fence: Fence = { token: 0, worker: '' };
  #heardAt: number | null = null;

  /** @param silenceMs after so long without the leader, any other may be it */
  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs;
  }

  /** When the leader was last heard, ms since 1970; null before the first time. */
  get heardAt(): number | null {
    return this.#heardAt;
  }

  /** @returns whether this heartbeat is the leader's */
  heard({ token, worker }: LeaderHeartbeat, receivedAt: number): boolean {
    const isLeaderHeard = this.#heardAt !== null && receivedAt - this.#heardAt <= this.#silenceMs;
    const fence = { token, worker };
    if (isLeaderHeard && isBelow(fence, this.#fence)) return false;
    this.#fence = fence;
    this.#heardAt = receivedAt;
    return true;
  }
}
