import type { Random } from '../random.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** How long something is under way. */
export interface Latency {
  readonly minMs: number;
  /** Of what comes on top, exponentially distributed. */
  readonly meanExtraMs: number;
}

/**
 * One direction of a TCP connection: keeps the order, loses nothing while it lives. What arrives
 * together is handed over in one read.
 */
export class Pipe<T> {
  readonly #receiver: VirtualProcess;
  readonly #random: Random;
  readonly #latency: () => Latency;
  readonly #onItems: (items: readonly T[]) => void;
  #queue: { readonly at: number; readonly item: T }[] = [];
  #held: T[] = [];
  #lastAt = 0;
  #isScheduled = false;
  #isBlocked = false;
  #isClosed = false;

  constructor(
    receiver: VirtualProcess,
    random: Random,
    latency: () => Latency,
    onItems: (items: readonly T[]) => void,
  ) {
    this.#receiver = receiver;
    this.#random = random;
    this.#latency = latency;
    this.#onItems = onItems;
  }

  send(item: T): void {
    if (this.#isClosed) return;
    if (this.#isBlocked) {
      this.#held.push(item);
      return;
    }
    const { minMs, meanExtraMs } = this.#latency();
    const arrival = this.#receiver.scheduler.now + minMs + this.#random.exponential(meanExtraMs);
    this.#lastAt = Math.max(this.#lastAt, arrival);
    this.#queue.push({ at: this.#lastAt, item });
    this.#arm();
  }

  /** Nothing passes; it is not lost, for TCP sends it again. */
  block(): void {
    this.#isBlocked = true;
  }

  unblock(): void {
    this.#isBlocked = false;
    const held = this.#held;
    this.#held = [];
    for (const item of held) this.send(item);
  }

  /** What is under way is lost. */
  close(): void {
    this.#isClosed = true;
    this.#queue = [];
    this.#held = [];
  }

  get pending(): number {
    return this.#queue.length + this.#held.length;
  }

  #arm(): void {
    const [first] = this.#queue;
    if (this.#isScheduled || first === undefined) return;
    this.#isScheduled = true;
    const { scheduler } = this.#receiver;
    this.#receiver.after(first.at - scheduler.now, () => {
      this.#isScheduled = false;
      const count = this.#queue.findIndex(({ at }) => at > scheduler.now);
      const due = this.#queue.splice(0, count < 0 ? this.#queue.length : count);
      this.#arm();
      if (due.length > 0) this.#onItems(due.map(({ item }) => item));
    });
  }
}
