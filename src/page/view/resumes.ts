import { byId, make } from '../dom.ts';
import { formatMs, formatTime } from '../format.ts';
import { describeResume, type ResumeEntry, type ResumeLedger } from '../resume-ledger.ts';

const SHOWN = 2;

/** The last times that something was missed, and what came back. */
export function createResumesView(ledger: ResumeLedger): { show(): void } {
  const list = byId('resumes', HTMLOListElement);
  let shown: ResumeEntry | undefined;
  return {
    show() {
      const [newest] = ledger.entries;
      if (newest === shown) return;
      shown = newest;
      list.replaceChildren(...ledger.entries.slice(0, SHOWN).map(row));
    },
  };
}

function row(entry: ResumeEntry): HTMLLIElement {
  const item = make('li');
  item.dataset['kind'] = entry.kind;
  const title = entry.kind === 'resume' ? 'Resumed' : 'Caught up';
  const away = entry.awayMs === null ? '' : ` after ${formatMs(entry.awayMs)}`;
  item.append(
    make('span', 'resume-time', formatTime(entry.at).slice(0, 8)),
    make('strong', '', `${title}${away}`),
    make('span', 'resume-text', describeResume(entry)),
  );
  return item;
}
