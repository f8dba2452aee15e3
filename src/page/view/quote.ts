import type { Candle, ChannelName } from '../../client/index.ts';
import { splitChannel } from '../address.ts';
import { byId, setText } from '../dom.ts';
import { decimalsOf, formatDuration, formatSigned, groupDigits, intervalLabel } from '../format.ts';

type Direction = 'up' | 'down' | 'flat';
const ARROWS: Readonly<Record<Direction, string>> = { up: '▲', down: '▼', flat: '' };

/** The last price and how it has changed, in this candle and over all that the chart holds. */
export function createQuoteView(): {
  showChannel(channel: ChannelName): void;
  show(candles: readonly Candle[]): void;
} {
  const symbolText = byId('quote-symbol', HTMLElement);
  const price = byId('price', HTMLElement);
  const inCandle = byId('change-candle', HTMLElement);
  const inSpan = byId('change-span', HTMLElement);
  const spanLabel = byId('change-span-label', HTMLElement);
  const chart = byId('chart', HTMLElement);
  let channel = { symbol: '', interval: '' };
  let shownClose: string | null = null;
  let describedStart: number | null = null;

  function showPrice(close: string): void {
    if (close === shownClose) return;
    if (shownClose !== null) {
      price.dataset['direction'] = Number(close) < Number(shownClose) ? 'down' : 'up';
      // The style sheet says how it flashes, or that it does not; a running flash starts anew.
      price.classList.add('flash');
      for (const animation of price.getAnimations()) {
        animation.cancel();
        animation.play();
      }
    }
    shownClose = close;
    setText(price, groupDigits(close));
    document.title = `${groupDigits(close)} ${channel.symbol} · candlegate`;
  }

  return {
    showChannel(next) {
      channel = splitChannel(next);
      setText(symbolText, channel.symbol);
      shownClose = null;
      describedStart = null;
    },
    show(candles) {
      const last = candles.at(-1);
      const first = candles[0];
      if (last === undefined || first === undefined) {
        setText(price, '—');
        price.dataset['direction'] = 'flat';
        price.classList.remove('flash');
        showChange(inCandle, null, null);
        showChange(inSpan, null, null);
        setText(spanLabel, 'On the chart');
        document.title = 'candlegate';
        chart.setAttribute('aria-label', 'Candlestick chart, no candles yet');
        return;
      }
      showPrice(last.close);
      showChange(inCandle, last.open, last.close);
      showChange(inSpan, first.open, last.close);
      const interval = intervalLabel(channel.interval);
      setText(spanLabel, `Last ${formatDuration(last.end + 1 - first.start)}`);
      if (describedStart !== last.start) {
        // Once per candle: a label that changes with every price would be read out without end.
        describedStart = last.start;
        chart.setAttribute(
          'aria-label',
          `Candlestick chart of ${channel.symbol}, ${interval.long} per candle, ${candles.length} candles, last price ${groupDigits(last.close)}`,
        );
      }
    },
  };
}

function showChange(element: HTMLElement, from: string | null, to: string | null): void {
  if (from === null || to === null) {
    setText(element, '—');
    element.dataset['direction'] = 'flat';
    return;
  }
  const change = Number(to) - Number(from);
  const direction: Direction = change > 0 ? 'up' : change < 0 ? 'down' : 'flat';
  const decimals = Math.max(decimalsOf(from), decimalsOf(to));
  const percent = Number(from) === 0 ? 0 : (change / Number(from)) * 100;
  element.dataset['direction'] = direction;
  setText(
    element,
    `${ARROWS[direction]} ${formatSigned(change, decimals)} (${formatSigned(percent, 2)} %)`.trim(),
  );
}
