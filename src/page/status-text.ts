import type { Phase } from './phase.ts';

type Tone = 'idle' | 'busy' | 'good' | 'warn' | 'bad';

export interface Status {
  readonly tone: Tone;
  /** Short, in the header. */
  readonly text: string;
  /** Said to screen readers when it changes; holds no countdown. */
  readonly announcement: string;
  /** A sentence below the token. */
  readonly message: string;
}

const MENDING = {
  token: 'Enter a valid token and connect again.',
  channel: 'Choose another symbol or interval and connect again.',
  page: 'Reload the page and connect again.',
  operator: 'Whoever runs the gateway can say why.',
} as const;

/** Shown while nothing else is to be said. */
const TOKEN_HINT = 'The token stays in this tab; no address that a server sees ever holds it.';

/** What is to be said of a connection. @param isDown whether a stale feed is cut off altogether */
export function describeStatus(phase: Phase, isDown: boolean, now: number): Status {
  switch (phase.name) {
    case 'idle':
      return plain('idle', 'Not connected', TOKEN_HINT);
    case 'checking':
      return phase.why === null
        ? plain('busy', 'Checking the token', TOKEN_HINT)
        : retrying('warn', 'Connecting', phase.why, phase.retryAt, now);
    case 'connecting':
      return phase.why === null
        ? plain('busy', 'Connecting', TOKEN_HINT)
        : retrying('warn', 'Connecting', phase.why, phase.retryAt, now);
    case 'live':
      return plain('good', 'Live', TOKEN_HINT);
    case 'stale':
      return isDown
        ? plain('bad', 'Feed down', 'The gateway has no connection to the exchange.')
        : plain('warn', 'Stale', 'Data is late, or the gateway cannot vouch for it.');
    case 'resuming':
      return retrying(
        'warn',
        'Resuming',
        phase.why ?? 'The connection was lost.',
        phase.retryAt,
        now,
      );
    case 'closed':
      return {
        tone: 'bad',
        text: phase.mend === 'token' ? 'New token needed' : 'Closed',
        announcement: `Closed. ${phase.why}`,
        message: `${sentence(phase.why)} ${MENDING[phase.mend]}`,
      };
  }
}

function plain(tone: Tone, text: string, message: string): Status {
  return { tone, text, announcement: text, message };
}

function retrying(
  tone: Tone,
  text: string,
  why: string,
  retryAt: number | null,
  now: number,
): Status {
  const seconds = retryAt === null ? 0 : Math.max(0, Math.ceil((retryAt - now) / 1000));
  return {
    tone,
    text: seconds === 0 ? text : `${text} in ${seconds} s`,
    announcement: `${sentence(why)} ${text}`,
    message: `${sentence(why)} The page reconnects by itself.`,
  };
}

function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}
