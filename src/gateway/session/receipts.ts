import type { ClientMessageOf } from '../../candle/messages.ts';
import type { ReceiptOutcome } from '../../metrics/session-metrics.ts';

/** PROTOCOL.md, "Receipts": one of a connection counts in this time. */
export const RECEIPT_INTERVAL_MS = 1_000;
/** A clock that is known no better than this says nothing about a hop of milliseconds. */
export const MAX_CLOCK_ERROR_MS = 50;
/** After its last receipt, how long the pings of a connection are not taken for its last hop. */
export const RECEIPTS_REPLACE_PINGS_MS = 60_000;

export interface JudgedReceipt {
  readonly outcome: ReceiptOutcome;
  /** From the hand-over of the message to its receipt by the client, ms; only when it is counted. */
  readonly ms: number | null;
}

/**
 * Judges what a client says about a message's receipt: it is a stranger's word, so nothing that could
 * not be true is taken.
 *
 * @param handedOverAt of that message to that client, ms since 1970 by our clock; null when unknown
 * @param lastAt when the last receipt of the connection was counted
 * @param now ms since 1970
 */
export function judgeReceipt(
  receipt: Pick<ClientMessageOf<'receipt'>, 'received' | 'clockOffset' | 'clockError'>,
  handedOverAt: number | null,
  lastAt: number,
  now: number,
): JudgedReceipt {
  const { received, clockOffset, clockError } = receipt;
  if (now - lastAt < RECEIPT_INTERVAL_MS) return { outcome: 'too_often', ms: null };
  if (handedOverAt === null) return { outcome: 'unknown_message', ms: null };
  const ms = received + clockOffset - handedOverAt;
  // It cannot have come before the hand-over, nor after it was reported. Beyond the error that it
  // states the client's clock is wrong, and that says nothing of our clocks.
  const isPossible = ms >= -clockError && ms <= now - handedOverAt + clockError;
  if (clockError > MAX_CLOCK_ERROR_MS || !isPossible) return { outcome: 'uncertain', ms: null };
  return { outcome: 'counted', ms: Math.max(0, ms) };
}
