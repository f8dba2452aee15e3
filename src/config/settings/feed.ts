import { symbolSchema } from '../../candle/channel.ts';
import { parseInterval, type Interval } from '../../candle/interval.ts';
import { setting } from '../setting.ts';
import { integer, list, oneOf, url } from '../text.ts';

const FEEDS = ['auto', 'bybit', 'simulator'] as const;
export type Feed = (typeof FEEDS)[number];

function readSymbol(text: string): string | undefined {
  const symbol = symbolSchema.safeParse(text.toUpperCase());
  return symbol.success ? symbol.data : undefined;
}

const DEFAULT_INTERVALS: readonly Interval[] = ['1', '5', '15'];

/** What is carried, where it comes from, and how ingest gets it. */
export const FEED_SETTINGS = {
  symbols: setting({
    description: 'Symbols as the exchange spells them, comma separated.',
    default: ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'],
    roles: ['gateway', 'ingest', 'standalone', 'simulator', 'status'],
    placeholder: 'list',
    schema: list('symbols (2 to 30 letters and digits)', readSymbol),
  }),
  intervals: setting({
    description:
      'Candle intervals, comma separated: `1 3 5 15 30 60 120 240 360 720 D W M`, or `1m` … `1M`.',
    default: DEFAULT_INTERVALS,
    roles: ['gateway', 'ingest', 'standalone', 'status'],
    placeholder: 'list',
    schema: list('intervals', parseInterval),
  }),
  history: setting({
    description: 'Closed candles that are kept for each channel, in Redis and in every process.',
    unit: 'candles',
    default: 1000,
    roles: ['gateway', 'ingest', 'standalone'],
    placeholder: 'count',
    schema: integer(1, 100_000),
  }),
  feed: setting({
    description:
      'Where candles come from. It is part of the keys in Redis, so it must be the same in ingest and gateway. `auto`: Bybit, or the built-in simulator where Bybit cannot be reached.',
    default: 'bybit',
    roleDefaults: { standalone: 'auto' },
    roles: ['gateway', 'ingest', 'standalone', 'status'],
    placeholder: FEEDS.join('|'),
    schema: oneOf(FEEDS),
  }),
  autoFeedTimeoutMs: setting({
    description: 'How long the feed `auto` waits for Bybit before it takes the simulator.',
    unit: 'ms',
    default: 4000,
    roles: ['standalone'],
    placeholder: 'ms',
    schema: integer(100, 60_000),
  }),
  bybitWsUrl: setting({
    description: "Bybit's public WebSocket of the v5 API.",
    default: 'wss://stream.bybit.com/v5/public/linear',
    roles: ['ingest', 'standalone'],
    shown: 'url',
    placeholder: 'url',
    schema: url(['wss:', 'ws:']),
  }),
  bybitRestUrl: setting({
    description: "Base of Bybit's REST API, without a path.",
    default: 'https://api.bybit.com',
    roles: ['ingest', 'standalone'],
    shown: 'url',
    placeholder: 'url',
    schema: url(['https:', 'http:']),
  }),
  stallMs: setting({
    description:
      'A connection to the exchange that brings no data for this long is replaced. A quiet market may say nothing for a minute.',
    unit: 'ms',
    default: 75_000,
    roles: ['ingest', 'standalone'],
    placeholder: 'ms',
    schema: integer(1000, 3_600_000),
  }),
  restRequestsPerSecond: setting({
    description: 'Budget of all REST calls of this process; Bybit allows 120 for each address.',
    unit: 'requests/s',
    default: 50,
    roles: ['ingest', 'standalone'],
    placeholder: 'count',
    schema: integer(1, 120),
  }),
  leaseTtlMs: setting({
    description: 'The leading ingest worker is replaced when it has been silent for this long.',
    unit: 'ms',
    default: 2000,
    roles: ['ingest', 'standalone'],
    placeholder: 'ms',
    schema: integer(200, 60_000),
  }),
  leaseRenewMs: setting({
    description: 'How often the leader renews its lease, and a standby asks for it.',
    unit: 'ms',
    default: 500,
    roles: ['ingest', 'standalone'],
    placeholder: 'ms',
    schema: integer(50, 30_000),
  }),
};
