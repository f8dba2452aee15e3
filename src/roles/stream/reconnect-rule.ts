import { CLOSE_CODES } from '../../candle/codes.ts';

/** What to do after a connection has ended. */
export type NextStep =
  /** Null: after a delay that grows with every failed attempt. */
  | { readonly step: 'reconnect'; readonly delayMs: number | null; readonly reason: string }
  | { readonly step: 'give_up'; readonly reason: string };

/**
 * The "reconnect" column of PROTOCOL.md's close codes.
 *
 * @param goingAwayMs `reconnectDelayMs` of a `going_away` message on this connection, if there was one
 */
export function afterClose(code: number, goingAwayMs: number | null): NextStep {
  switch (code) {
    case CLOSE_CODES.token_expired:
      return { step: 'give_up', reason: 'The token has expired; start again with a new one.' };
    case CLOSE_CODES.revoked:
      return { step: 'give_up', reason: 'The token has been revoked; start again with another.' };
    case CLOSE_CODES.too_many_errors:
      return { step: 'give_up', reason: 'The gateway has closed the connection: too many errors.' };
    case CLOSE_CODES.disconnected:
      return { step: 'give_up', reason: 'An operator has ended the connection.' };
    case CLOSE_CODES.rate_limited:
      return { step: 'reconnect', delayMs: null, reason: 'This client sent too many messages' };
    case CLOSE_CODES.too_slow:
      return { step: 'reconnect', delayMs: 0, reason: 'This client was too slow' };
    case CLOSE_CODES.history_gap:
      return { step: 'reconnect', delayMs: 0, reason: 'The gateway lacks candles' };
    case CLOSE_CODES.going_away:
      return { step: 'reconnect', delayMs: goingAwayMs, reason: 'The gateway is going away' };
    default:
      return { step: 'reconnect', delayMs: null, reason: `The connection was lost (${code})` };
  }
}

/**
 * What an HTTP answer instead of the upgrade means.
 *
 * @param status of the answer
 * @param body its text: a problem document (RFC 9457), or anything else
 */
export function afterRefusal(status: number, body: string): NextStep {
  const reason = `The gateway refused the connection: ${describeProblem(status, body)}`;
  const isTemporary = status >= 500 || status === 408 || status === 429;
  return isTemporary ? { step: 'reconnect', delayMs: null, reason } : { step: 'give_up', reason };
}

function describeProblem(status: number, body: string): string {
  const { title, detail, code } = readProblem(body);
  const texts = [title, detail === title ? undefined : detail].filter(
    (text): text is string => typeof text === 'string' && text !== '',
  );
  const name = typeof code === 'string' ? ` ${code}` : '';
  return texts.length === 0 ? `HTTP ${status}` : `${texts.join(' ')} (${status}${name})`;
}

function readProblem(body: string): { title?: unknown; detail?: unknown; code?: unknown } {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    // A proxy's answer in HTML says no more than its status.
    return {};
  }
}
