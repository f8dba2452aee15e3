import type { ServerMessageOf } from '../../candle/messages.ts';
import type { ClockEstimate } from '../types.ts';
import type { Effect } from './effects.ts';

/** At most one a second, over all channels (PROTOCOL.md, "Receipts"). */
export const RECEIPT_INTERVAL_MS = 1_000;
/** A clock known no better than this is not reported: the gateway would pass it over. */
export const MAX_CLOCK_ERROR_MS = 50;

/** Tells the gateway now and then when a candle was received, so that it knows the last hop. */
export class Receipts {
  #lastAt = -Infinity;

  note(
    { channel, epoch, offset }: ServerMessageOf<'candle'>,
    clock: ClockEstimate | null,
    received: number,
    out: Effect[],
  ): void {
    if (clock === null || received - this.#lastAt < RECEIPT_INTERVAL_MS) return;
    const { offsetMs: clockOffset, bestRoundTripMs } = clock;
    const clockError = bestRoundTripMs / 2;
    if (clockError > MAX_CLOCK_ERROR_MS) return;
    this.#lastAt = received;
    out.push({
      type: 'send',
      message: { type: 'receipt', channel, epoch, offset, received, clockOffset, clockError },
    });
  }
}
