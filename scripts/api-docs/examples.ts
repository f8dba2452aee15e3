import type { Candle } from '../../src/candle/candle.ts';
import type {
  ClientMessage,
  ClientMessageOf,
  ServerMessage,
  ServerMessageOf,
} from '../../src/candle/messages.ts';
import type {
  CandleList,
  ChannelList,
  Fault,
  Health,
  IssuedTicket,
} from '../../src/candle/rest.ts';

/** What the documents show; PROTOCOL.md tells the same story. */

const SOURCE = 'bybit';
const CLOSED: Candle = {
  start: 1745000040000,
  end: 1745000099999,
  open: '84520',
  high: '84541.9',
  low: '84501.2',
  close: '84512.3',
  volume: '98.114',
  turnover: '8291873.4102',
  confirm: true,
};
const OPEN: Candle = {
  start: 1745000100000,
  end: 1745000159999,
  open: '84512.3',
  high: '84590.1',
  low: '84480',
  close: '84555.7',
  volume: '123.456',
  turnover: '10437812.1234',
  confirm: false,
};
const HEAD = {
  channel: 'candles:BTCUSDT:1',
  epoch: 'k3x9',
  offset: 812,
  lastClosed: CLOSED.start,
  state: 'live',
} as const;

export const REST_EXAMPLES = {
  CandleList: { channel: HEAD.channel, source: SOURCE, candles: [CLOSED, OPEN] },
  ChannelList: {
    source: SOURCE,
    channels: [
      { ...HEAD, symbol: 'BTCUSDT', interval: '1', subscribers: 3, lastUpdate: 1745000112345 },
    ],
  },
  Fault: { connection: 'c9f1', fault: 'slow' },
  Health: {
    status: 'ok',
    gateway: 'g1',
    source: SOURCE,
    feed: 'live',
    bus: 'connected',
    uptimeSeconds: 86400,
    connections: 3,
  },
  IssuedTicket: { ticket: 'cgt_…', expiresAt: 1745000142345 },
} as const satisfies {
  CandleList: CandleList;
  ChannelList: ChannelList;
  Fault: Fault;
  Health: Health;
  IssuedTicket: IssuedTicket;
};

export const CLIENT_EXAMPLES: { readonly [T in ClientMessage['type']]: ClientMessageOf<T> } = {
  subscribe: {
    type: 'subscribe',
    id: '1',
    channels: ['candles:BTCUSDT:1'],
    since: { 'candles:BTCUSDT:1': 1744999980000 },
  },
  unsubscribe: { type: 'unsubscribe', id: '2', channels: ['candles:BTCUSDT:1'] },
  ping: { type: 'ping', id: '3' },
  receipt: {
    type: 'receipt',
    channel: 'candles:BTCUSDT:1',
    epoch: 'k3x9',
    offset: 813,
    received: 1745000112403.1,
    clockOffset: -3.2,
    clockError: 0.4,
  },
  auth: { type: 'auth', id: '4', token: 'eyJhbGciOi…' },
};

export const SERVER_EXAMPLES: { readonly [T in ServerMessage['type']]: ServerMessageOf<T> } = {
  welcome: {
    type: 'welcome',
    protocol: 'candlegate.v1.json',
    connection: 'c9f1',
    gateway: 'g1',
    source: SOURCE,
    time: 1745000112345.1,
    heartbeatMs: 30000,
    expiresAt: 1745003712000,
    limits: {
      subscriptions: 100,
      messageBytes: 65536,
      messagesPerSecond: 50,
      connections: 1000,
      requestsPerMinute: 1200,
    },
  },
  subscribed: {
    type: 'subscribed',
    id: '1',
    source: SOURCE,
    channels: [{ ...HEAD, recovered: true }],
  },
  unsubscribed: { type: 'unsubscribed', id: '2', channels: ['candles:BTCUSDT:1'] },
  snapshot: {
    type: 'snapshot',
    channel: HEAD.channel,
    epoch: HEAD.epoch,
    offset: HEAD.offset,
    source: SOURCE,
    replay: true,
    candles: [CLOSED, OPEN],
  },
  candle: {
    type: 'candle',
    channel: HEAD.channel,
    symbol: 'BTCUSDT',
    interval: '1',
    epoch: HEAD.epoch,
    offset: 813,
    source: SOURCE,
    candle: OPEN,
    times: {
      exchange: 1745000112345,
      ingest: 1745000112398.2,
      published: 1745000112399.3,
      gateway: 1745000112400.4,
    },
  },
  heartbeat: { type: 'heartbeat', time: 1745000142345.1, source: SOURCE, channels: [HEAD] },
  pong: { type: 'pong', id: '3', time: 1745000112345.1 },
  authenticated: { type: 'authenticated', id: '4', expiresAt: 1745007312000 },
  token_expiring: { type: 'token_expiring', expiresAt: 1745003712000 },
  error: {
    type: 'error',
    id: '1',
    code: 'unknown_channel',
    message: 'DOGEUSDT is not served here.',
    channel: 'candles:DOGEUSDT:1',
  },
  going_away: { type: 'going_away', reconnectDelayMs: 1830 },
};
