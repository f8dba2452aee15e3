import type { Candle } from '../../client/index.ts';
import { byId, make, setText } from '../dom.ts';
import { formatSigned, formatSpan, groupDigits } from '../format.ts';
import { curveOf, movementOf, SPAN_CANDLES, type MarketBook } from '../market-book.ts';

/** The small curve's box, in its own units. */
const CURVE = { width: 100, height: 28, count: 76 } as const;
/** A curve of hours need not be drawn more often. */
const REDRAW_MS = 1_000;
const ARROWS = { up: '▲', down: '▼', flat: '' } as const;
const SVG = 'http://www.w3.org/2000/svg';

interface Card {
  readonly label: HTMLElement;
  readonly radio: HTMLInputElement;
  readonly price: HTMLElement;
  readonly change: HTMLElement;
  readonly span: HTMLElement;
  readonly line: SVGElement;
  drawnAt: number;
}

/** The watch list: a card per symbol, each live; the chosen one is on the chart. */
export function createWatchView(
  book: MarketBook,
  choose: (symbol: string) => void,
): { show(now: number): void } {
  const list = byId('watch', HTMLFieldSetElement);
  const cards = new Map<string, Card>();

  function layOut(symbols: readonly string[]): void {
    const isSame = symbols.length === cards.size && symbols.every((symbol) => cards.has(symbol));
    if (isSame) return;
    for (const { label } of cards.values()) label.remove();
    cards.clear();
    for (const symbol of symbols) {
      const card = makeCard(symbol);
      cards.set(symbol, card);
      list.append(card.label);
    }
  }

  list.addEventListener('change', ({ target }) => {
    if (target instanceof HTMLInputElement) choose(target.value);
  });

  return {
    show(now) {
      layOut(book.watched.map((channel) => channel.split(':')[1] ?? ''));
      for (const [symbol, card] of cards) {
        card.radio.checked = symbol === book.symbol;
        showCandles(card, book.seriesOf(book.channelOf(symbol)).candles, now);
      }
    },
  };
}

function showCandles(card: Card, all: readonly Candle[], now: number): void {
  const candles = all.slice(-SPAN_CANDLES);
  const movement = movementOf(candles);
  card.label.dataset['direction'] = movement?.direction ?? 'flat';
  setText(card.price, movement === null ? '—' : groupDigits(movement.to));
  const percent =
    movement === null
      ? ''
      : `${ARROWS[movement.direction]} ${formatSigned(movement.percent, 2)} %`.trim();
  setText(card.change, percent);
  setText(card.span, movement === null ? '' : formatSpan(movement.spanMs));
  if (candles.length > 0 && now - card.drawnAt < REDRAW_MS) return;
  card.drawnAt = now;
  card.line.setAttribute('points', curveOf(candles, CURVE));
}

function makeCard(symbol: string): Card {
  const label = make('label', 'card');
  const radio = make('input');
  radio.type = 'radio';
  radio.name = 'symbol';
  radio.value = symbol;
  radio.setAttribute('aria-label', symbol);
  const price = make('span', 'card-price', '—');
  const change = make('span', 'card-change');
  const span = make('span', 'card-span');
  const curve = document.createElementNS(SVG, 'svg');
  curve.setAttribute('viewBox', `0 -2 ${CURVE.width} ${CURVE.height + 4}`);
  curve.setAttribute('preserveAspectRatio', 'none');
  curve.setAttribute('aria-hidden', 'true');
  curve.classList.add('card-curve');
  const line = document.createElementNS(SVG, 'polyline');
  curve.append(line);
  const moved = make('span', 'card-moved');
  moved.append(change, ' ', span);
  label.append(radio, make('span', 'card-name', symbol), price, moved, curve);
  return { label, radio, price, change, span, line, drawnAt: 0 };
}
