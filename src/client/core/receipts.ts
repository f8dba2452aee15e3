import type { ServerMessageOf } from '../../candle/messages.ts';
import type { ClockEstimate } from '../types.ts';
import type { Port } from './port.ts';

/** At most one a second, over all channels (PROTOCOL.md, "Receipts"). */
export const RECEIPT_INTERVAL_MS = 1_000;
/** A clock known no better than this is not reported: the gateway would pass it over. */
const MAX_CLOCK_ERROR_MS = 50;

/** Tells the gateway now and then when a candle was received, so that it knows the last hop. */
export function receiptReporter(send: Port['send']) {
  let reportedAt = 0;
  return (
    { channel, epoch, offset }: ServerMessageOf<'candle'>,
    received: number,
    { offsetMs: clockOffset, bestRoundTripMs }: ClockEstimate,
  ): void => {
    const clockError = bestRoundTripMs / 2;
    if (clockError > MAX_CLOCK_ERROR_MS || received - reportedAt < RECEIPT_INTERVAL_MS) return;
    reportedAt = received;
    send({ type: 'receipt', channel, epoch, offset, received, clockOffset, clockError });
  };
}
