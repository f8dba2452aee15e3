import type { Source } from '../../candle/messages.ts';
import type { ConnectionState } from '../connection-state.ts';
import { byId, setText } from '../dom.ts';

type Tone = 'idle' | 'busy' | 'good' | 'warn' | 'bad';

interface Status {
  readonly tone: Tone;
  /** Short, in the header. */
  readonly text: string;
  /** Said to screen readers when it changes; holds no countdown. */
  readonly announcement: string;
  /** A sentence below the controls. */
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

/** What is to be said of a connection. */
export function describeStatus(state: ConnectionState, now: number): Status {
  const { phase } = state;
  const plain = (tone: Tone, text: string, message: string): Status => ({
    tone,
    text,
    announcement: text,
    message,
  });
  switch (phase.name) {
    case 'idle':
      return plain('idle', 'Not connected', TOKEN_HINT);
    case 'checking':
      return plain('busy', 'Checking the token', TOKEN_HINT);
    case 'connecting':
      return plain('busy', 'Connecting', TOKEN_HINT);
    case 'open':
      if (state.goingAwayMs !== null) {
        return plain(
          'warn',
          'Moving',
          'The gateway is going away; this page reconnects by itself.',
        );
      }
      if (phase.feed === 'live') return plain('good', 'Live', TOKEN_HINT);
      return phase.feed === 'stale'
        ? plain('warn', 'Stale', 'Data is late, or the gateway cannot vouch for it.')
        : plain('bad', 'Feed down', 'The gateway has no connection to the exchange.');
    case 'waiting': {
      const seconds = Math.max(0, Math.ceil((phase.retryAt - now) / 1000));
      return {
        tone: 'warn',
        text: seconds === 0 ? 'Reconnecting' : `Reconnecting in ${seconds} s`,
        announcement: `${phase.why}. Reconnecting.`,
        message: `${phase.why.replace(/\.$/, '')}. Reconnecting by itself.`,
      };
    }
    case 'closed':
      return {
        tone: 'bad',
        text: phase.mend === 'token' ? 'New token needed' : 'Closed',
        announcement: `Closed. ${phase.why}`,
        message: `${phase.why.replace(/\.$/, '')}. ${MENDING[phase.mend]}`,
      };
  }
}

const SOURCES: Readonly<Record<Source, string>> = {
  bybit: 'Market data · Bybit',
  simulator: 'Simulated data',
};

/** The header's two badges, the banner of simulated prices and the sentence below the controls. */
export function createStatusView(): {
  show(state: ConnectionState, now: number): void;
  showSource(source: Source): void;
  say(text: string): void;
} {
  const badge = byId('state', HTMLElement);
  const text = byId('state-text', HTMLElement);
  const announcer = byId('announcer', HTMLElement);
  const message = byId('message', HTMLElement);
  const sourceBadge = byId('source', HTMLElement);
  const sourceText = byId('source-text', HTMLElement);
  const banner = byId('simulated', HTMLElement);
  let notice = '';
  let noticePhase = '';
  return {
    show(state, now) {
      const status = describeStatus(state, now);
      document.body.dataset['phase'] = state.phase.name;
      document.body.dataset['feed'] = state.phase.name === 'open' ? state.phase.feed : 'none';
      badge.dataset['tone'] = status.tone;
      message.dataset['tone'] = status.tone;
      setText(text, status.text);
      // A notice stays until the connection changes its phase.
      if (noticePhase === '') noticePhase = state.phase.name;
      if (notice !== '' && noticePhase !== state.phase.name) notice = '';
      setText(message, notice === '' ? status.message : notice);
      setText(announcer, `${status.announcement}. ${notice}`.trim());
    },
    showSource(source) {
      document.body.dataset['source'] = source;
      sourceBadge.dataset['source'] = source;
      setText(sourceText, SOURCES[source]);
      banner.hidden = source !== 'simulator';
    },
    say(words) {
      notice = words;
      noticePhase = document.body.dataset['phase'] ?? '';
    },
  };
}
