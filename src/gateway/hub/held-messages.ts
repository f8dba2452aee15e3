import type { BusCandleMessage } from '../../candle/messages.ts';

export interface ReceivedMessage {
  readonly message: BusCandleMessage;
  /** Receipt by this gateway, ms since 1970. */
  readonly receivedAt: number;
}

/** A position that history has to reach. */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** Whether update `a` of an open candle is newer than `b`; by `(start, exchange time)`, as in the store. */
export function isNewerOpen(a: BusCandleMessage, b: BusCandleMessage): boolean {
  if (a.candle.start !== b.candle.start) return a.candle.start > b.candle.start;
  return a.times.exchange > b.times.exchange;
}

/**
 * What came over the live channel of a candle channel while it is being repaired: closed candles and
 * the newest update of the open one. The last offsets that came without a gap are the run
 * `from`..`to` of one epoch; history has to reach `from` before the run can be used.
 */
export class HeldMessages {
  readonly #maxCloses: number;
  readonly #closes: ReceivedMessage[] = [];
  #open: ReceivedMessage | null = null;
  #run: { readonly epoch: string; from: number; to: number } | null = null;

  /** @param maxCloses above it the oldest is let go, for history has it */
  constructor(maxCloses: number) {
    this.#maxCloses = maxCloses;
  }

  get closes(): readonly ReceivedMessage[] {
    return this.#closes;
  }

  get open(): ReceivedMessage | null {
    return this.#open;
  }

  /** Last offset that came without a gap, with its epoch; null when nothing is held. */
  get end(): Position | null {
    return this.#run === null ? null : { epoch: this.#run.epoch, offset: this.#run.to };
  }

  /**
   * @returns the position that history now has to reach, or null when that did not change
   */
  add(received: ReceivedMessage): Position | null {
    const { epoch, offset, candle } = received.message;
    const run = this.#run;
    let target: Position | null = null;
    if (run?.epoch === epoch && offset === run.to + 1) {
      run.to = offset;
    } else if (run?.epoch === epoch && offset <= run.to && !this.#isNews(received)) {
      return null;
    } else {
      this.#run = { epoch, from: offset, to: offset };
      target = { epoch, offset };
    }
    if (candle.confirm) {
      this.#closes.push(received);
      target = this.#bound() ?? target;
    } else if (this.#open === null || isNewerOpen(received.message, this.#open.message)) {
      this.#open = received;
    }
    return target;
  }

  /** The same without what comes before `first`, a held close. */
  from(first: ReceivedMessage): HeldMessages {
    const rest = new HeldMessages(this.#maxCloses);
    rest.#closes.push(...this.#closes.slice(this.#closes.indexOf(first)));
    rest.#open = this.#open;
    const { epoch, offset } = first.message;
    rest.#run = { epoch, from: offset, to: this.#run?.to ?? offset };
    return rest;
  }

  /** Whether `position` lies in the run of consecutive messages. */
  inRun({ epoch, offset }: Position): boolean {
    const run = this.#run;
    return run !== null && run.epoch === epoch && offset >= run.from && offset <= run.to;
  }

  #isNews({ message }: ReceivedMessage): boolean {
    if (!message.candle.confirm) {
      return this.#open !== null && isNewerOpen(message, this.#open.message);
    }
    const newest = this.#closes.at(-1);
    return newest !== undefined && message.candle.start > newest.message.candle.start;
  }

  #bound(): Position | null {
    if (this.#closes.length <= this.#maxCloses) return null;
    const dropped = this.#closes.shift();
    const run = this.#run;
    if (dropped === undefined || run === null || !this.inRun(dropped.message)) return null;
    run.from = dropped.message.offset;
    return { epoch: run.epoch, offset: run.from };
  }
}
