import type { AdmissionOrder, AdmissionReply } from '../store.ts';

export interface QueuedOrder {
  readonly order: AdmissionOrder;
  readonly resolve: (reply: AdmissionReply) => void;
  readonly reject: (error: Error) => void;
}

/** What is sent together. */
export interface Batch {
  readonly orders: readonly QueuedOrder[];
  /** How many places of each count. */
  readonly givenBack: ReadonlyMap<string, number>;
}

/**
 * Collects what one turn of the event loop asks for. In a storm of connections that makes one script
 * call of dozens; alone an admission waits for nothing but the end of the turn.
 */
export class TickBatch {
  readonly #send: (batch: Batch) => void;
  #orders: QueuedOrder[] = [];
  #givenBack = new Map<string, number>();
  #isScheduled = false;

  constructor(send: (batch: Batch) => void) {
    this.#send = send;
  }

  add(order: AdmissionOrder): Promise<AdmissionReply> {
    this.#schedule();
    return new Promise((resolve, reject) => this.#orders.push({ order, resolve, reject }));
  }

  giveBack(key: string): void {
    this.#schedule();
    this.#givenBack.set(key, (this.#givenBack.get(key) ?? 0) + 1);
  }

  /** Sends at once what has been collected so far. */
  flush(): void {
    if (this.#orders.length === 0 && this.#givenBack.size === 0) return;
    const batch = { orders: this.#orders, givenBack: this.#givenBack };
    this.#orders = [];
    this.#givenBack = new Map();
    this.#send(batch);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }
}
