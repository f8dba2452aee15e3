import type { IChartApi } from 'lightweight-charts';

const MOVE_BARS = 5;
const ZOOM_FACTOR = 1.25;
/** No closer than this many candles. */
const MIN_VISIBLE_BARS = 10;

/** Lets the keyboard do what a mouse can: move along the time axis, zoom, go to either end. */
export function addChartKeys(target: HTMLElement, chart: IChartApi, goToLatest: () => void): void {
  const timeScale = chart.timeScale();
  const move = (bars: number): void => {
    const range = timeScale.getVisibleLogicalRange();
    if (range === null) return;
    timeScale.setVisibleLogicalRange({ from: range.from + bars, to: range.to + bars });
  };
  /** Keeps the right edge where it is. */
  const zoom = (factor: number): void => {
    const range = timeScale.getVisibleLogicalRange();
    if (range === null) return;
    const width = Math.max(MIN_VISIBLE_BARS, (range.to - range.from) * factor);
    timeScale.setVisibleLogicalRange({ from: range.to - width, to: range.to });
  };
  const actions: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => move(-MOVE_BARS),
    ArrowRight: () => move(MOVE_BARS),
    '+': () => zoom(1 / ZOOM_FACTOR),
    '=': () => zoom(1 / ZOOM_FACTOR),
    '-': () => zoom(ZOOM_FACTOR),
    Home: () => {
      const range = timeScale.getVisibleLogicalRange();
      if (range !== null) move(-1 - range.from);
    },
    End: goToLatest,
  };
  target.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}
