import type { ChannelName, ClientState } from '../client/index.ts';

/** What the user has to mend before connecting makes sense again. */
export type Mend = 'token' | 'channel' | 'page' | 'operator';

/** How the connection fares. All instants are ms since 1970 by this machine's clock. */
export type Phase =
  | { readonly name: 'idle' }
  /** Asking over REST whether the token is accepted, and what is served. */
  | { readonly name: 'checking'; readonly retryAt: number | null; readonly why: string | null }
  | { readonly name: 'connecting'; readonly retryAt: number | null; readonly why: string | null }
  | { readonly name: 'live' }
  /** Connected, but the data of these channels is late or cut off. */
  | { readonly name: 'stale'; readonly channels: readonly ChannelName[] }
  /** The connection was lost: it is made anew, and what was missed is brought back. */
  | { readonly name: 'resuming'; readonly retryAt: number | null; readonly why: string | null }
  | { readonly name: 'closed'; readonly why: string; readonly mend: Mend };

/** What the client's state means on this page. */
export function phaseOf(state: ClientState): Phase {
  switch (state.name) {
    case 'idle':
    case 'live':
    case 'stale':
      return state;
    case 'connecting':
    case 'resuming':
      return { ...state, why: state.why === null ? null : reasonText(state.why) };
    case 'closed':
      return { name: 'closed', why: closeText(state.reason), mend: mendOf(state.reason.code) };
  }
}

/** Whether candles can come. */
export function isOpen({ name }: Phase): boolean {
  return name === 'live' || name === 'stale';
}

/** Why a connection is made anew, in the user's words; everything else comes with a sentence of the gateway's. */
const REASONS: Readonly<Record<string, string>> = {
  going_away: 'The gateway is going away.',
  too_slow: 'This page could not keep up.',
  history_gap: 'The gateway lacks candles.',
  rate_limited: 'This page sent too many messages.',
  token_expired: 'The token has expired.',
  revoked: 'The token has been revoked.',
  timeout: 'The gateway did not answer in time.',
};

/** @param why of a client's state */
function reasonText(why: string): string {
  if (/^close_/.test(why)) return 'The connection was lost.';
  // What `fetch` says differs from browser to browser.
  return /^TypeError/.test(why) ? 'The gateway could not be reached.' : (REASONS[why] ?? why);
}

/** Close codes in the user's words; everything else comes with a sentence of the gateway's. */
const CLOSES: Readonly<Record<string, string>> = {
  token_expired: 'The token has expired.',
  revoked: 'The token has been revoked.',
  disconnected: 'An operator has ended the connection.',
  too_many_errors: 'The gateway refused too many messages.',
};

function closeText({ code, message }: { readonly code: string; readonly message: string }): string {
  return CLOSES[code] ?? message;
}

/** @param code a close code's name, a problem code or an error code of PROTOCOL.md */
export function mendOf(code: string): Mend {
  if (code === 'disconnected') return 'operator';
  if (code === 'too_many_errors' || /^close_/.test(code)) return 'page';
  return /channel|symbol|interval/.test(code) ? 'channel' : 'token';
}
