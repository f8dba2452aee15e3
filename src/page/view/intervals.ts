import { byId, make } from '../dom.ts';
import { intervalLabel } from '../format.ts';
import type { MarketBook } from '../market-book.ts';

/** The switch between the intervals in which the chosen symbol is served. */
export function createIntervalsView(
  book: MarketBook,
  choose: (interval: string) => void,
): { show(): void } {
  const box = byId('intervals', HTMLElement);
  let shown = '';

  box.addEventListener('change', ({ target }) => {
    if (target instanceof HTMLInputElement) choose(target.value);
  });

  return {
    show() {
      const { intervals, interval: chosen } = book;
      const text = intervals.join();
      if (text !== shown) {
        shown = text;
        box.replaceChildren(...intervals.map(segment));
      }
      for (const radio of box.querySelectorAll('input')) radio.checked = radio.value === chosen;
    },
  };
}

function segment(interval: string): HTMLLabelElement {
  const label = make('label', 'segment');
  const radio = make('input');
  radio.type = 'radio';
  radio.name = 'interval';
  radio.value = interval;
  const { short, long } = intervalLabel(interval);
  radio.setAttribute('aria-label', long);
  label.append(radio, make('span', '', short));
  return label;
}
