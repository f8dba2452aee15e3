import type { Source } from '../../client/index.ts';
import type { Phase } from '../phase.ts';
import { describeStatus } from '../status-text.ts';
import { byId, setText } from '../dom.ts';

const SOURCES: Readonly<Record<Source, string>> = {
  bybit: 'Market data · Bybit',
  simulator: 'Simulated data',
};

/** The header's two badges, the banner of simulated prices and the sentence below the token. */
export function createStatusView(): {
  show(phase: Phase, isDown: boolean, now: number): void;
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
    show(phase, isDown, now) {
      const status = describeStatus(phase, isDown, now);
      document.body.dataset['phase'] = phase.name;
      badge.dataset['tone'] = status.tone;
      message.dataset['tone'] = status.tone;
      setText(text, status.text);
      // A notice stays until the connection changes its phase.
      if (noticePhase === '') noticePhase = phase.name;
      if (notice !== '' && noticePhase !== phase.name) notice = '';
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
