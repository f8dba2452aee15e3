import {
  CandlestickSeries,
  ColorType,
  CrosshairMode,
  HistogramSeries,
  LineStyle,
  createChart,
  createTextWatermark,
  type CandlestickData,
  type HistogramData,
  type UTCTimestamp,
} from 'lightweight-charts';
import type { Candle } from '../../client/index.ts';
import type { CandleSeries } from '../candle-series.ts';
import { byId } from '../dom.ts';
import { decimalsOf } from '../format.ts';
import type { HistoryState } from '../history-loader.ts';
import { addChartKeys } from './chart-keys.ts';
import { createHistoryNote } from './history-note.ts';
import { createLegend } from './legend.ts';
import { readPalette } from './palette.ts';

/** Width of a candle with its gap, in CSS pixels. */
const BAR_SPACING_PX = 8;
/** Free candles between the newest one and the price axis. */
const RIGHT_OFFSET_BARS = 6;
/** Decimals of a price that no chart can show are not asked of it. */
const MAX_DECIMALS = 12;
/** Older candles are asked for when fewer than this are left to the left. */
const EDGE_BARS = 40;

export interface ChartView {
  /** Whether the oldest candle is in sight, or nearly so. */
  readonly isAtLeftEdge: boolean;
  /** Draws what has changed in the series since the last call. */
  show(series: CandleSeries): void;
  /** The next `show` draws a new channel and goes to its newest candle. */
  restart(): void;
  /** Writes "simulated" across the chart, or not. */
  markSimulated(isSimulated: boolean): void;
  /** Says what is known of the candles before the oldest one. */
  showHistory(state: HistoryState): void;
  /** Reads the colours of the style sheet again. */
  recolour(): void;
}

/**
 * Candles with their volume. The library's own logo is switched off because it brings a style
 * element, which the page's content policy forbids; the footer gives the credit instead.
 *
 * @param onMove called when other candles have come into sight
 */
export function createChartView(onMove: () => void): ChartView {
  const container = byId('chart', HTMLElement);
  const empty = byId('chart-empty', HTMLElement);
  const toLatest = byId('to-latest', HTMLButtonElement);
  const chart = createChart(container, {
    autoSize: true,
    layout: {
      attributionLogo: false,
      background: { type: ColorType.Solid, color: 'transparent' },
      fontFamily: getComputedStyle(document.body).fontFamily,
      fontSize: 11,
    },
    crosshair: { mode: CrosshairMode.Normal },
    rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.12, bottom: 0.24 } },
    timeScale: {
      borderVisible: false,
      timeVisible: true,
      secondsVisible: false,
      barSpacing: BAR_SPACING_PX,
      rightOffset: RIGHT_OFFSET_BARS,
    },
    // A page that is scrolled with a finger must not be caught by the chart.
    handleScroll: { vertTouchDrag: false },
  });
  const prices = chart.addSeries(CandlestickSeries, { priceLineStyle: LineStyle.Dashed });
  const volumes = chart.addSeries(HistogramSeries, {
    priceScaleId: 'volume',
    priceFormat: { type: 'volume' },
    lastValueVisible: false,
    priceLineVisible: false,
  });
  volumes.priceScale().applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
  const legend = createLegend();
  const historyNote = createHistoryNote();
  let palette = readPalette();
  let isSimulated = false;
  let isRestarting = true;
  /** The range of the series before may still be told. */
  let isSettling = false;
  let isAtLeftEdge = false;
  let decimals = -1;
  let current: CandleSeries | null = null;
  let hovered: number | null = null;
  /** `start` of the newest candle that the chart has. */
  let drawnTo = -Infinity;

  const watermark = createTextWatermark(chart.panes()[0] ?? chart.addPane(), { lines: [] });

  const bar = (candle: Candle): CandlestickData<UTCTimestamp> => ({
    time: timeOf(candle),
    open: Number(candle.open),
    high: Number(candle.high),
    low: Number(candle.low),
    close: Number(candle.close),
  });
  const volume = (candle: Candle): HistogramData<UTCTimestamp> => ({
    time: timeOf(candle),
    value: Number(candle.volume),
    color: Number(candle.close) < Number(candle.open) ? palette.downVolume : palette.upVolume,
  });

  function drawAll(candles: readonly Candle[]): void {
    const recent = candles.slice(-100);
    const wanted = Math.min(
      MAX_DECIMALS,
      Math.max(0, ...recent.map(({ close }) => decimalsOf(close))),
    );
    if (wanted > decimals || isRestarting) setDecimals(wanted);
    prices.setData(candles.map(bar));
    volumes.setData(candles.map(volume));
    drawnTo = candles.at(-1)?.start ?? -Infinity;
  }

  function setDecimals(wanted: number): void {
    decimals = wanted;
    prices.applyOptions({
      priceFormat: {
        type: 'price',
        precision: wanted,
        minMove: Number((10 ** -wanted).toFixed(wanted)),
      },
    });
  }

  function drawSome(candles: readonly Candle[], starts: ReadonlySet<number>): void {
    const first = Math.min(...starts);
    for (const candle of candles.slice(candles.findIndex(({ start }) => start >= first))) {
      if (!starts.has(candle.start)) continue;
      const needed = decimalsOf(candle.close);
      if (needed > decimals) setDecimals(Math.min(MAX_DECIMALS, needed));
      // A close may come after the first update of the next candle.
      const isEarlier = candle.start < drawnTo;
      prices.update(bar(candle), isEarlier);
      volumes.update(volume(candle), isEarlier);
      drawnTo = Math.max(drawnTo, candle.start);
    }
  }

  function describe(series: CandleSeries): void {
    const { last } = series;
    container.dataset['candles'] = String(series.candles.length);
    container.dataset['lastStart'] = String(last?.start ?? '');
    container.dataset['lastClose'] = last?.close ?? '';
    empty.hidden = last !== undefined;
  }

  function showLegend(): void {
    const candles = current?.candles ?? [];
    const shown = hovered === null ? undefined : candles.find(({ start }) => start === hovered);
    legend.show(shown ?? candles.at(-1));
  }

  /** At once: a candle that comes meanwhile would end an animation half-way. */
  function goToLatest(): void {
    chart.timeScale().scrollToPosition(RIGHT_OFFSET_BARS, false);
  }

  function recolour(): void {
    palette = readPalette();
    chart.applyOptions({
      layout: { textColor: palette.text },
      grid: { vertLines: { color: palette.grid }, horzLines: { color: palette.grid } },
      crosshair: {
        vertLine: { color: palette.crosshair, labelBackgroundColor: palette.crosshairLabel },
        horzLine: { color: palette.crosshair, labelBackgroundColor: palette.crosshairLabel },
      },
    });
    prices.applyOptions({
      upColor: palette.up,
      downColor: palette.down,
      wickUpColor: palette.up,
      wickDownColor: palette.down,
      borderVisible: false,
    });
    volumes.setData((current?.candles ?? []).map(volume));
    watermark.applyOptions({
      lines: isSimulated
        ? [{ text: 'SIMULATED', color: palette.watermark, fontSize: 44, fontStyle: 'bold' }]
        : [],
    });
  }

  chart.subscribeCrosshairMove(({ time }) => {
    hovered = typeof time === 'number' ? time * 1000 : null;
    showLegend();
  });
  chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
    const count = current?.candles.length ?? 0;
    toLatest.hidden = count === 0 || range === null || range.to >= count - 1;
    if (count === 0 || range === null) return;
    historyNote.edge(range.from < EDGE_BARS / 4, current?.candles[0]);
    isAtLeftEdge = range.from < EDGE_BARS;
    onMove();
  });
  toLatest.addEventListener('click', () => goToLatest());
  addChartKeys(container, chart, () => goToLatest());
  recolour();

  return {
    get isAtLeftEdge() {
      return isAtLeftEdge && !isRestarting && !isSettling;
    },
    show(series) {
      if (current !== series) series.touch();
      current = series;
      const change = series.takeChange();
      if (change === null) return;
      if (change === 'all' || isRestarting) drawAll(series.candles);
      else drawSome(series.candles, change);
      if (isRestarting && series.last !== undefined) {
        isRestarting = false;
        chart.timeScale().applyOptions({ barSpacing: BAR_SPACING_PX });
        goToLatest();
        isSettling = true;
        requestAnimationFrame(() => requestAnimationFrame(() => (isSettling = false)));
      }
      describe(series);
      showLegend();
    },
    showHistory(state) {
      container.dataset['history'] = state.name;
      historyNote.state(state, current?.candles[0]);
    },
    restart() {
      isRestarting = true;
      isAtLeftEdge = false;
      hovered = null;
    },
    markSimulated(next) {
      if (next === isSimulated) return;
      isSimulated = next;
      recolour();
    },
    recolour,
  };
}

/** The library counts in seconds. */
function timeOf(candle: Candle): UTCTimestamp {
  return (candle.start / 1000) as UTCTimestamp;
}
