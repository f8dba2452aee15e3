import type { Candle } from '../../client/index.ts';
import { byId, make, setText } from '../dom.ts';
import { formatCompact, formatMinute, groupDigits } from '../format.ts';

const PARTS = ['O', 'H', 'L', 'C', 'V'] as const;

/** The line over the chart with the values of the candle under the pointer, else of the newest one. */
export function createLegend(): { show(candle: Candle | undefined): void } {
  const line = byId('legend', HTMLElement);
  const time = make('span', 'legend-time');
  line.append(time);
  const values = PARTS.map((name) => {
    const part = make('span', 'legend-part');
    const value = make('b');
    part.append(`${name} `, value);
    line.append(part);
    return value;
  });
  return {
    show(candle) {
      line.hidden = candle === undefined;
      if (candle === undefined) return;
      line.dataset['direction'] = Number(candle.close) < Number(candle.open) ? 'down' : 'up';
      setText(time, `${formatMinute(candle.start)} UTC`);
      const { open, high, low, close, volume } = candle;
      const texts = [...[open, high, low, close].map(groupDigits), formatCompact(volume)];
      values.forEach((value, index) => setText(value, texts[index] ?? ''));
    },
  };
}
