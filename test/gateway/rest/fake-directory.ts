import type { Candle } from '../../../src/candle/candle.ts';
import { channelOf, type ChannelName } from '../../../src/candle/channel.ts';
import type { Interval } from '../../../src/candle/interval.ts';
import type { ChannelDirectory, ChannelView } from '../../../src/gateway/channel-view.ts';

export const MINUTE_MS = 60_000;

export function candleAt(start: number, confirm = true): Candle {
  return {
    start,
    end: start + MINUTE_MS - 1,
    open: '84512.3',
    high: '84590.10',
    low: '84480',
    close: '84555.7',
    volume: '123.456',
    turnover: '10437812.1234',
    confirm,
  };
}

/** A channel with closed candles at the given starts, and an open one. */
export function fakeView(
  symbol: string,
  interval: Interval,
  starts: readonly number[] = [],
  open: Candle | null = null,
): ChannelView {
  const closed = starts.map((start) => candleAt(start));
  const channel = channelOf(symbol, interval);
  const lastClosed = starts.at(-1) ?? null;
  return {
    channel,
    handedOverAt: () => null,
    head: () => ({
      channel: channel.name,
      epoch: lastClosed === null ? null : 'k3x9',
      offset: closed.length,
      lastClosed,
      state: 'live',
    }),
    settledClose: () => lastClosed,
    closedAfter: (start, limit) =>
      closed.filter((candle) => start === null || candle.start > start).slice(0, limit),
    newestClosed: (count, before) =>
      closed.filter((candle) => before === null || candle.start < before).slice(-count),
    openCandle: () => open,
    reachesBackTo: () => true,
    lastUpdate: () => (lastClosed === null ? null : lastClosed + MINUTE_MS),
  };
}

export function fakeDirectory(...views: readonly ChannelView[]): ChannelDirectory {
  const byName = new Map<ChannelName, ChannelView>(views.map((view) => [view.channel.name, view]));
  return {
    get: (name) => byName.get(name),
    all: () => views,
    servesSymbol: (symbol) => views.some((view) => view.channel.symbol === symbol),
  };
}
