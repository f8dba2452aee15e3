import type { AckFrame } from './frames.ts';

export interface SubscribeRequest {
  readonly requestId: string;
  readonly topics: readonly string[];
}

export interface AckOutcome {
  readonly confirmed: readonly string[];
  readonly refused: readonly string[];
  /** Requests to send next. */
  readonly requests: readonly SubscribeRequest[];
}

const NOTHING: AckOutcome = { confirmed: [], refused: [], requests: [] };

/**
 * Which topics of one connection are subscribed, pending or refused. Pure.
 *
 * One bad topic fails its whole batch on linear, so the topics of a failed batch are asked for one by
 * one. "already subscribed" is no failure: the stream goes on.
 */
export class Subscriptions {
  readonly #topics: readonly string[];
  readonly #topicsPerRequest: number;
  readonly #pending = new Map<string, readonly string[]>();
  readonly #confirmed = new Set<string>();
  readonly #refused = new Set<string>();
  #lastId = 0;

  constructor(topics: readonly string[], topicsPerRequest: number) {
    this.#topics = topics;
    this.#topicsPerRequest = topicsPerRequest;
  }

  /** Requests for all topics, in batches. */
  begin(): SubscribeRequest[] {
    const requests: SubscribeRequest[] = [];
    for (let from = 0; from < this.#topics.length; from += this.#topicsPerRequest) {
      requests.push(this.#request(this.#topics.slice(from, from + this.#topicsPerRequest)));
    }
    return requests;
  }

  /** Requests for what was refused, each topic on its own. */
  retryRefused(): SubscribeRequest[] {
    const topics = [...this.#refused];
    this.#refused.clear();
    return topics.map((topic) => this.#request([topic]));
  }

  /** Whether a request is unanswered and its topics have sent no data either. */
  get isWaiting(): boolean {
    return [...this.#pending.values()].some((topics) =>
      topics.some((topic) => !this.#confirmed.has(topic)),
    );
  }

  get confirmed(): ReadonlySet<string> {
    return this.#confirmed;
  }

  /** @returns whether this data is the first word of a subscription; a lost answer does no harm then */
  onData(topic: string): boolean {
    if (this.#confirmed.has(topic) || !this.#topics.includes(topic)) return false;
    this.#confirm(topic);
    return true;
  }

  onAck(ack: AckFrame): AckOutcome {
    const topics = this.#pending.get(ack.requestId);
    if (topics === undefined) return NOTHING;
    this.#pending.delete(ack.requestId);
    const open = topics.filter((topic) => !this.#confirmed.has(topic));
    if (ack.success || (topics.length === 1 && ack.message.includes('already subscribed'))) {
      for (const topic of open) this.#confirm(topic);
      return { ...NOTHING, confirmed: open };
    }
    if (topics.length > 1) {
      return { ...NOTHING, requests: open.map((topic) => this.#request([topic])) };
    }
    for (const topic of open) this.#refused.add(topic);
    return { ...NOTHING, refused: open };
  }

  #confirm(topic: string): void {
    this.#confirmed.add(topic);
    this.#refused.delete(topic);
  }

  #request(topics: readonly string[]): SubscribeRequest {
    this.#lastId += 1;
    const requestId = String(this.#lastId);
    this.#pending.set(requestId, topics);
    return { requestId, topics };
  }
}
