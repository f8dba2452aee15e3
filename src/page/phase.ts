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
    case 'connecting':
    case 'resuming':
      return state;
    case 'closed':
      return { name: 'closed', why: closeText(state.reason), mend: mendOf(state.reason.code) };
  }
}

/** Whether candles can come. */
export function isOpen({ name }: Phase): boolean {
  return name === 'live' || name === 'stale';
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
