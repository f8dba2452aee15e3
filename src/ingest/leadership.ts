import type { Logger } from 'pino';
import type { Fence, Lease } from '../bus/bus.ts';
import type { Clock } from '../time/clock.ts';
import { SparseLog } from '../log/sparse-log.ts';

export interface LeadershipSettings {
  /** A leader that is silent for longer is replaced. */
  readonly leaseTtlMs: number;
  /** How often the leader renews its lease, and a standby asks for it. */
  readonly leaseRenewMs: number;
}

export interface LeadershipDeps {
  readonly lease: Lease;
  /** Unique among all workers. */
  readonly worker: string;
  readonly settings: LeadershipSettings;
  /** Must never be set back: a monotonic clock, from any origin. */
  readonly clock: Clock;
  readonly log: Logger;
  readonly onGained: (fence: Fence) => void;
  /** Nothing may be published any more, from this moment. */
  readonly onLost: () => void;
}

/**
 * Takes the lease when it is free and keeps it. A lease counts from before the call that took or
 * renewed it, so this worker knows that it is over no later than the store does, also when the store
 * cannot be reached or this process was paused.
 */
export class Leadership {
  readonly #deps: LeadershipDeps;
  readonly #unreachable = new SparseLog();
  #fence: Fence | null = null;
  #validUntil = -Infinity;
  #expiry: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> = Promise.resolve();
  #isStopped = false;
  #obstacle: string | null = 'it has not been reached yet';

  constructor(deps: LeadershipDeps) {
    this.#deps = deps;
  }

  /** The proof of this worker's turn; null without one, and as soon as its lease may have run out. */
  get fence(): Fence | null {
    return this.#deps.clock.now() < this.#validUntil ? this.#fence : null;
  }

  /** Why the lease could not be reached at the last try; null when it could. */
  get obstacle(): string | null {
    return this.#obstacle;
  }

  start(): void {
    this.#next(0);
  }

  /** Gives up the turn, for example because a newer leader has been seen. The next try comes in time. */
  stepDown(): void {
    const fence = this.#fence;
    this.#lose('stepped down');
    if (fence !== null) void this.#release(fence);
  }

  /** Gives the lease back, so that another worker can take over at once. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    const fence = this.#fence;
    this.#lose('stopping');
    if (fence !== null) await this.#release(fence);
    await this.#turn;
  }

  #next(delayMs: number): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#turn = this.#tryOrRenew().then(() => this.#next(this.#deps.settings.leaseRenewMs));
    }, delayMs);
  }

  async #tryOrRenew(): Promise<void> {
    const sentAt = this.#deps.clock.now();
    try {
      if (this.#fence === null) await this.#try(sentAt);
      else await this.#renew(this.#fence, sentAt);
      this.#obstacle = null;
    } catch (error) {
      this.#obstacle = error instanceof Error ? error.message : String(error);
      const count = this.#unreachable.hit(this.#deps.clock.now());
      if (count !== null) this.#deps.log.warn({ err: error, count }, 'the lease cannot be reached');
    }
  }

  async #try(sentAt: number): Promise<void> {
    const { lease, worker, settings, clock, onGained, log } = this.#deps;
    const fence = await lease.acquire(worker, settings.leaseTtlMs);
    if (fence === null) return;
    if (this.#isStopped || clock.now() >= sentAt + settings.leaseTtlMs) {
      await this.#release(fence);
      return;
    }
    this.#fence = fence;
    this.#extend(sentAt);
    log.info({ fence }, 'this worker leads');
    onGained(fence);
  }

  async #renew(fence: Fence, sentAt: number): Promise<void> {
    const isHeld = await this.#deps.lease.renew(fence, this.#deps.settings.leaseTtlMs);
    if (this.#fence !== fence) {
      // Lost while the answer was under way; do not keep others waiting for what nobody uses.
      if (isHeld) await this.#release(fence);
    } else if (isHeld) {
      this.#extend(sentAt);
    } else {
      this.#lose('another worker holds the lease, or the store has forgotten it');
      // A store that has forgotten has no other leader: do not wait for the next turn.
      await this.#try(this.#deps.clock.now());
    }
  }

  #extend(sentAt: number): void {
    this.#validUntil = sentAt + this.#deps.settings.leaseTtlMs;
    clearTimeout(this.#expiry);
    this.#expiry = setTimeout(
      () => this.#lose('the lease could not be renewed in time'),
      Math.max(0, this.#validUntil - this.#deps.clock.now()),
    );
  }

  #lose(reason: string): void {
    clearTimeout(this.#expiry);
    if (this.#fence === null) return;
    this.#deps.log.warn({ fence: this.#fence, reason }, 'this worker does not lead any more');
    this.#fence = null;
    this.#validUntil = -Infinity;
    this.#deps.onLost();
  }

  async #release(fence: Fence): Promise<void> {
    try {
      await this.#deps.lease.release(fence);
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'the lease could not be given back; it will run out');
    }
  }
}
