import { byId, make, setText } from '../dom.ts';
import { formatTime } from '../format.ts';
import {
  FILTERS,
  isShown,
  rawText,
  type Filter,
  type LogEntry,
  type MessageLog,
} from '../message-log.ts';

const ARROWS: Readonly<Record<LogEntry['direction'], readonly [string, string]>> = {
  in: ['↓', 'received'],
  out: ['↑', 'sent'],
  page: ['·', 'note'],
};

/** The list of messages, newest first. Each opens to show the raw text. */
export function createLogView(log: MessageLog): { show(): void } {
  const list = byId('log', HTMLOListElement);
  const empty = byId('log-empty', HTMLElement);
  const missedText = byId('log-missed', HTMLElement);
  const pauseButton = byId('log-pause', HTMLButtonElement);
  const filterSelect = byId('log-filter', HTMLSelectElement);
  let isPaused = false;
  let filter: Filter = 'all';
  /** Id of the newest entry that the list has taken in. */
  let shownId = 0;

  function redraw(): void {
    shownId = 0;
    list.replaceChildren();
    draw();
  }

  function draw(): void {
    const fresh = log.entries.filter((entry) => entry.id > shownId && isShown(entry, filter));
    shownId = log.lastId;
    if (fresh.length > 0) list.prepend(...fresh.map(row));
    const oldest = log.entries.at(-1)?.id ?? Infinity;
    while (list.lastElementChild instanceof HTMLElement) {
      if (Number(list.lastElementChild.dataset['id']) >= oldest) break;
      list.lastElementChild.remove();
    }
    empty.hidden = list.childElementCount > 0;
  }

  pauseButton.addEventListener('click', () => {
    isPaused = !isPaused;
    pauseButton.setAttribute('aria-pressed', String(isPaused));
    if (!isPaused) redraw();
    showPause();
  });
  function showPause(): void {
    const missed = log.lastId - shownId;
    setText(pauseButton, isPaused ? 'Resume' : 'Pause');
    setText(missedText, isPaused && missed > 0 ? `${missed} new` : '');
  }
  filterSelect.addEventListener('change', () => {
    filter = FILTERS.find((candidate) => candidate === filterSelect.value) ?? 'all';
    redraw();
  });
  byId('log-clear', HTMLButtonElement).addEventListener('click', () => {
    log.clear();
    redraw();
    showPause();
  });

  return {
    show() {
      if (isPaused) showPause();
      else if (log.lastId !== shownId) draw();
    },
  };
}

function row(entry: LogEntry): HTMLLIElement {
  const item = make('li');
  item.dataset['id'] = String(entry.id);
  item.dataset['kind'] = entry.kind;
  const details = make('details');
  const summary = make('summary');
  const [arrow, word] = ARROWS[entry.direction];
  const direction = make('span', `arrow arrow-${entry.direction}`);
  const symbol = make('span', '', arrow);
  symbol.setAttribute('aria-hidden', 'true');
  direction.append(symbol, make('span', 'hidden-text', word));
  summary.append(
    make('span', 'log-time', formatTime(entry.time)),
    direction,
    make('span', 'log-kind', entry.kind),
    make('span', 'log-text', entry.text),
  );
  details.append(summary);
  // Most are never opened: their raw text is laid out only when they are.
  details.addEventListener('toggle', () => {
    if (details.open && details.childElementCount === 1) {
      details.append(make('pre', '', rawText(entry)));
    }
  });
  item.append(details);
  return item;
}
