import type { Candle } from '../../src/candle/candle.ts';
import type { CandleMessage, ClientMessage, ServerMessage } from '../../src/candle/messages.ts';

/** One message of a connection. */
export type VectorMessage =
  | {
      readonly name: string;
      readonly from: 'server';
      readonly message: ServerMessage;
      /** The candle's alias has been explained. */
      readonly knowsEpoch?: true;
    }
  | { readonly name: string; readonly from: 'client'; readonly message: ClientMessage };

const BTC = 'candles:BTCUSDT:1';
const ETH = 'candles:ETHUSDT:M';

const open: Candle = {
  start: 1_745_000_100_000,
  end: 1_745_000_159_999,
  open: '84512.3',
  high: '84590.1',
  low: '84480',
  close: '84555.7',
  volume: '123.456',
  turnover: '10437812.1234',
  confirm: false,
};
const closed: Candle = {
  ...open,
  start: 1_745_000_040_000,
  end: 1_745_000_099_999,
  open: '84520',
  close: '84512.3',
  confirm: true,
};

const update: CandleMessage = {
  type: 'candle',
  channel: BTC,
  symbol: 'BTCUSDT',
  interval: '1',
  epoch: 'k3x9',
  offset: 813,
  source: 'bybit',
  candle: open,
  times: {
    exchange: 1_745_000_112_345,
    ingest: 1_745_000_112_398.2,
    published: 1_745_000_112_399.3,
    gateway: 1_745_000_112_400.4,
  },
};
/** With its members in the order of PROTOCOL.md. */
function inOrder(message: CandleMessage): CandleMessage {
  const { type, channel, symbol, interval, epoch, offset, previous, ...rest } = message;
  const position = { type, channel, symbol, interval, epoch, offset };
  const { source, backfill, candle, times } = rest;
  return {
    ...position,
    ...(previous === undefined ? {} : { previous }),
    source,
    ...(backfill === undefined ? {} : { backfill }),
    candle,
    times,
  };
}

/** Calendar months: the end of February of a leap year. */
const month: Candle = {
  start: Date.UTC(2024, 1, 1),
  end: Date.UTC(2024, 2, 1) - 1,
  open: '2282.1',
  high: '3523.6',
  low: '2234.15',
  close: '3340.08',
  volume: '41830112.77',
  turnover: '116382712345.1234',
  confirm: true,
};

/** Messages as one connection may bring them: every type, and what is special about each. */
export const VECTOR_MESSAGES: readonly VectorMessage[] = [
  {
    name: 'welcome',
    from: 'server',
    message: {
      type: 'welcome',
      protocol: 'candlegate.v1.protobuf',
      connection: 'c9f1',
      gateway: 'g1',
      source: 'bybit',
      time: 1_745_000_112_345.1,
      heartbeatMs: 30_000,
      expiresAt: 1_745_003_712_000,
      limits: {
        subscriptions: 100,
        messageBytes: 65_536,
        messagesPerSecond: 50,
        connections: 1_000,
        requestsPerMinute: 1_200,
      },
    },
  },
  {
    name: 'subscribe with since',
    from: 'client',
    message: {
      type: 'subscribe',
      id: '2',
      channels: [BTC, ETH],
      snapshot: 0,
      since: { [BTC]: 1_745_000_040_000 },
    },
  },
  {
    name: 'subscribed, with a channel of which nothing is known',
    from: 'server',
    message: {
      type: 'subscribed',
      id: '2',
      source: 'bybit',
      channels: [
        {
          channel: BTC,
          epoch: 'k3x9',
          offset: 812,
          lastClosed: 1_745_000_040_000,
          state: 'live',
          recovered: true,
        },
        { channel: ETH, epoch: null, offset: 0, lastClosed: null, state: 'stale' },
      ],
    },
  },
  {
    name: 'the last part of a replay',
    from: 'server',
    message: {
      type: 'snapshot',
      channel: BTC,
      epoch: 'k3x9',
      offset: 812,
      source: 'bybit',
      replay: true,
      candles: [closed, open],
    },
  },
  { name: 'an update', from: 'server', message: update, knowsEpoch: true },
  {
    name: 'a sampled update of an inactive minute',
    from: 'server',
    message: {
      ...update,
      offset: 814,
      candle: {
        ...open,
        high: '84512.3',
        low: '84512.3',
        close: '84512.3',
        volume: '0',
        turnover: '0',
      },
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    },
    knowsEpoch: true,
  },
  {
    name: 'a close in a new epoch, from REST, of which the close before is known',
    from: 'server',
    message: inOrder({
      ...update,
      epoch: 'm2p7',
      offset: 1,
      previous: 1_745_000_040_000,
      backfill: true,
      candle: { ...open, confirm: true },
    }),
  },
  {
    name: 'an update in the new epoch',
    from: 'server',
    message: { ...update, epoch: 'm2p7', offset: 2 },
    knowsEpoch: true,
  },
  {
    name: 'values that only text can hold, times finer than microseconds',
    from: 'server',
    message: {
      ...update,
      epoch: 'm2p7',
      offset: 3,
      candle: {
        ...open,
        end: 1_745_000_159_000,
        open: '084512.3',
        high: '84590.10',
        low: '84480.0000000000000001',
        close: '123456789012345678901234567890',
        volume: '-0',
        turnover: '9007199254740993',
      },
      times: { ...update.times, gateway: 1_745_000_112_400.4443 },
    },
    knowsEpoch: true,
  },
  {
    name: 'the close of a calendar month, of which the close before is not known',
    from: 'server',
    message: inOrder({
      ...update,
      channel: ETH,
      symbol: 'ETHUSDT',
      interval: 'M',
      epoch: 'm2p7',
      offset: 1,
      previous: null,
      source: 'simulator',
      candle: month,
    }),
  },
  {
    name: 'a part of a snapshot in which a candle is missing and one is spelled at length',
    from: 'server',
    message: {
      type: 'snapshot',
      channel: BTC,
      epoch: 'm2p7',
      offset: 7,
      source: 'simulator',
      more: true,
      candles: [
        closed,
        { ...open, open: '84512.30', close: '0084555.7', confirm: true },
        { ...open, start: 1_745_000_280_000, end: 1_745_000_339_999, confirm: true },
      ],
    },
  },
  {
    name: 'a snapshot of months',
    from: 'server',
    message: {
      type: 'snapshot',
      channel: ETH,
      epoch: 'm2p7',
      offset: 1,
      source: 'bybit',
      candles: [
        { ...month, start: Date.UTC(2024, 0, 1), end: Date.UTC(2024, 1, 1) - 1 },
        month,
        { ...month, start: Date.UTC(2024, 2, 1), end: Date.UTC(2024, 3, 1) - 1, confirm: false },
      ],
    },
  },
  {
    name: 'a snapshot without candles',
    from: 'server',
    message: {
      type: 'snapshot',
      channel: BTC,
      epoch: 'm2p7',
      offset: 7,
      source: 'bybit',
      candles: [],
    },
  },
  {
    name: 'a snapshot of candles that do not lie on minutes',
    from: 'server',
    message: {
      type: 'snapshot',
      channel: BTC,
      epoch: 'm2p7',
      offset: 7,
      source: 'bybit',
      candles: [
        { ...closed, start: closed.start + 1 },
        { ...open, end: open.end + 1 },
      ],
    },
  },
  {
    name: 'heartbeat',
    from: 'server',
    message: {
      type: 'heartbeat',
      time: 1_745_000_142_345.25,
      source: 'bybit',
      channels: [
        {
          channel: BTC,
          epoch: 'm2p7',
          offset: 9,
          lastClosed: 1_745_000_100_000,
          state: 'down',
        },
      ],
    },
  },
  { name: 'ping', from: 'client', message: { type: 'ping', id: 'é ✓' } },
  {
    name: 'pong',
    from: 'server',
    message: { type: 'pong', id: 'é ✓', time: 1_745_000_142_346 },
  },
  { name: 'ping without id', from: 'client', message: { type: 'ping' } },
  { name: 'pong without id', from: 'server', message: { type: 'pong', time: 0 } },
  {
    name: 'token_expiring',
    from: 'server',
    message: { type: 'token_expiring', expiresAt: 1_745_003_712_000 },
  },
  {
    name: 'receipt',
    from: 'client',
    message: {
      type: 'receipt',
      channel: BTC,
      epoch: 'k3x9',
      offset: 813,
      received: 1_745_000_112_403.125,
      clockOffset: -3.25,
      clockError: 0.5,
    },
  },
  { name: 'auth', from: 'client', message: { type: 'auth', id: '', token: 'e30.e30.c2ln' } },
  {
    name: 'authenticated',
    from: 'server',
    message: { type: 'authenticated', id: '', expiresAt: 1_745_007_312_000 },
  },
  { name: 'unsubscribe', from: 'client', message: { type: 'unsubscribe', channels: [ETH] } },
  { name: 'unsubscribed', from: 'server', message: { type: 'unsubscribed', channels: [ETH] } },
  {
    name: 'error',
    from: 'server',
    message: {
      type: 'error',
      id: '3',
      code: 'unknown_channel',
      message: 'The channel is malformed or is not served here.',
      channel: 'candles:NOPE:1',
    },
  },
  { name: 'going_away', from: 'server', message: { type: 'going_away', reconnectDelayMs: 2500 } },
];
