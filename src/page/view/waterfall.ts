import type { ClockEstimate } from '../../client/index.ts';
import { splitChannel } from '../address.ts';
import { byId, make, setText } from '../dom.ts';
import { formatMs, intervalLabel } from '../format.ts';
import { layOut, measure, niceScale, type Passage, type Passages } from '../hops.ts';
import { HOPS, type Hop } from '../hops.ts';

/** Messages shown. */
const ROWS = 16;

interface Row {
  readonly option: HTMLElement;
  readonly name: HTMLElement;
  readonly parts: Readonly<Record<Hop, HTMLElement>>;
  readonly doubt: HTMLElement;
  readonly total: HTMLElement;
}

export interface WaterfallView {
  /** Draws the newest messages. @returns the one whose numbers are to be shown: chosen, or the newest */
  show(clock: ClockEstimate | null): {
    readonly passage: Passage | null;
    readonly isChosen: boolean;
  };
}

/**
 * The last messages as stacked bars on one scale. A message that is pointed at or chosen with the arrow
 * keys keeps its numbers while others come.
 *
 * @param onChoice called when another message is to be shown
 */
export function createWaterfallView(passages: Passages, onChoice: () => void): WaterfallView {
  const box = byId('waterfall', HTMLElement);
  const scaleNote = byId('scale-note', HTMLElement);
  const rows = Array.from({ length: ROWS }, (_, index) => addRow(box, index));
  let shown: readonly Passage[] = [];
  /** Pinned by click or key; pointed at by the mouse. */
  let pinned: number | null = null;
  let hovered: number | null = null;

  const indexOf = (element: EventTarget | null): number =>
    element instanceof Element ? rows.findIndex(({ option }) => option.contains(element)) : -1;
  const pin = (id: number | null): void => {
    pinned = id;
    onChoice();
  };

  box.addEventListener('pointerover', ({ target, pointerType }) => {
    // A finger that scrolls past chooses nothing.
    if (pointerType === 'touch') return;
    hovered = shown[indexOf(target)]?.id ?? null;
    onChoice();
  });
  box.addEventListener('pointerleave', () => {
    hovered = null;
    onChoice();
  });
  box.addEventListener('click', ({ target }) => {
    const id = shown[indexOf(target)]?.id ?? null;
    pin(id === pinned ? null : id);
  });
  box.addEventListener('keydown', (event) => {
    const at = shown.findIndex(({ id }) => id === pinned);
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at <= 0 ? 0 : at - 1,
      Home: 0,
      End: shown.length - 1,
    };
    const next = moves[event.key];
    if (next !== undefined) pin(shown[Math.min(next, shown.length - 1)]?.id ?? null);
    else if (event.key === 'Escape') pin(null);
    else return;
    event.preventDefault();
  });

  return {
    show(clock) {
      shown = passages.newest(ROWS);
      const chosen = hovered ?? pinned;
      const passage = (chosen === null ? undefined : passages.find(chosen)) ?? shown[0] ?? null;
      const isChosen = passage !== null && passage.id === chosen;
      if (!isChosen && hovered === null) pinned = null;
      const latencies = shown.map((each) => measure(each, clock));
      const lengths = latencies.map((each) =>
        HOPS.reduce((sum, hop) => sum + Math.max(0, each[hop] ?? 0), 0),
      );
      const doubt = (clock?.bestRoundTripMs ?? 0) / 2;
      const scale = niceScale(Math.max(1, ...lengths.map((length) => length + doubt)));
      setText(
        scaleNote,
        shown.length === 0 ? '' : `full width ${formatMs(scale).replace('.00', '')}`,
      );
      box.removeAttribute('aria-activedescendant');
      rows.forEach((row, index) => {
        const each = shown[index];
        const measured = latencies[index];
        row.option.classList.toggle('empty', each === undefined);
        row.option.setAttribute('aria-selected', String(isChosen && each?.id === passage.id));
        if (each === undefined || measured === undefined) return;
        if (each.id === pinned) box.setAttribute('aria-activedescendant', row.option.id);
        setText(row.name, nameOf(each));
        row.option.classList.toggle('is-closed', each.message.candle.confirm);
        const bar = layOut(measured, clock, scale);
        for (const hop of HOPS) {
          const segment = bar.segments.find((candidate) => candidate.hop === hop);
          place(row.parts[hop], segment ?? null);
        }
        place(row.doubt, bar.doubt);
        setText(row.total, measured.total === null ? '—' : formatMs(measured.total));
      });
      return { passage, isChosen };
    },
  };
}

/** `BTC 1m`: short, because there is little room; the numbers beside it name the channel in full. */
function nameOf({ message }: Passage): string {
  const { symbol, interval } = splitChannel(message.channel);
  return `${symbol.replace(/(USDT|USDC|USD|PERP)$/, '')} ${intervalLabel(interval).short}`;
}

function place(
  element: HTMLElement,
  part: { readonly from: number; readonly size: number } | null,
): void {
  element.hidden = part === null;
  if (part === null) return;
  element.style.setProperty('inset-inline-start', `${(part.from * 100).toFixed(2)}%`);
  element.style.setProperty('inline-size', `${(part.size * 100).toFixed(2)}%`);
}

function addRow(box: HTMLElement, index: number): Row {
  const option = make('div', 'passage empty');
  option.id = `passage-${index}`;
  option.setAttribute('role', 'option');
  option.setAttribute('aria-selected', 'false');
  const name = make('span', 'passage-name', '–');
  const track = make('span', 'track');
  const parts = Object.fromEntries(
    HOPS.map((hop) => {
      const part = make('span', 'hop-bar');
      part.dataset['hop'] = hop;
      part.hidden = true;
      track.append(part);
      return [hop, part];
    }),
  ) as Record<Hop, HTMLElement>;
  const doubt = make('span', 'hop-doubt');
  doubt.hidden = true;
  track.append(doubt);
  const total = make('span', 'passage-total');
  option.append(name, track, total);
  box.append(option);
  return { option, name, parts, doubt, total };
}
