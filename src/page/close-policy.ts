import type { CLOSE_CODES, CloseReason } from '../candle/codes.ts';

/** What the user has to mend before connecting makes sense again. */
export type Mend = 'token' | 'channel' | 'page' | 'operator';

export type ClosePolicy =
  /** `atOnce`: the first retry does not wait. */
  | { readonly action: 'reconnect'; readonly atOnce: boolean; readonly text: string }
  | { readonly action: 'give_up'; readonly mend: Mend; readonly text: string };

type CloseCode = (typeof CLOSE_CODES)[CloseReason];

/** One row per row of PROTOCOL.md's close codes; the type fails the build when one is missing. */
const POLICIES: Readonly<Record<CloseCode, ClosePolicy>> = {
  1001: { action: 'reconnect', atOnce: false, text: 'The gateway is going away' },
  4000: { action: 'reconnect', atOnce: true, text: 'This client was too slow' },
  4001: { action: 'reconnect', atOnce: true, text: 'The gateway is missing candles' },
  4400: { action: 'give_up', mend: 'page', text: 'The gateway refused too many messages' },
  4429: { action: 'reconnect', atOnce: false, text: 'This client sent too many messages' },
  4401: { action: 'give_up', mend: 'token', text: 'The token has expired' },
  4402: { action: 'give_up', mend: 'operator', text: 'An operator has ended the connection' },
  4403: { action: 'give_up', mend: 'token', text: 'The token has been revoked' },
};

const OTHER_ENDS: Readonly<Record<number, string>> = {
  1000: 'The gateway closed the connection',
  1006: 'The connection was lost',
  1009: 'A message was too big',
  1011: 'The gateway had a fault',
  1012: 'The gateway is restarting',
  1013: 'The gateway is overloaded',
};

function isKnown(code: number): code is CloseCode {
  return Object.hasOwn(POLICIES, code);
}

/**
 * What to do after a close. Unknown codes follow their range: 44xx only after mending what the code
 * names, everything else reconnects.
 *
 * @param reason the close frame's reason, shown for codes that this page does not know
 */
export function closePolicy(code: number, reason: string): ClosePolicy {
  if (isKnown(code)) return POLICIES[code];
  const said = reason === '' ? `code ${code}` : `code ${code}, ${reason}`;
  if (code >= 4400 && code <= 4499) {
    return { action: 'give_up', mend: 'page', text: `The gateway closed the connection (${said})` };
  }
  const text = OTHER_ENDS[code] ?? `The connection ended (${said})`;
  return { action: 'reconnect', atOnce: false, text };
}
