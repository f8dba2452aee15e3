import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import type { ChannelName } from '../../../src/candle/channel.ts';
import { channelOf } from '../../../src/candle/channel.ts';
import { createBybitStream, type StreamSettings } from '../../../src/ingest/bybit/stream.ts';
import type { CandleStream, StreamCandle } from '../../../src/ingest/exchange.ts';
import { DEFAULT_INGEST_SETTINGS } from '../../../src/ingest/settings.ts';
import { IngestMetrics } from '../../../src/metrics/ingest-metrics.ts';
import { createWallClock } from '../../../src/time/clock.ts';
import { minute, startOfMinute } from '../candles.ts';
import { metricValue, silentLog } from '../rig.ts';

const BTC = channelOf('BTCUSDT', '1');
const ETH = channelOf('ETHUSDT', '1');
const SOL = channelOf('SOLUSDT', '1');

interface Request {
  readonly op: string;
  readonly req_id?: string;
  readonly args?: readonly string[];
}
type Answer = (request: Request, socket: WebSocket) => void;

let server: WebSocketServer;
let url: string;
let requests: Request[];
let answer: Answer;
let stream: CandleStream | null;
let registry: Registry;
let reads: { candles: readonly StreamCandle[]; receivedAt: number; turn: number }[];
/** Microtasks that ran since the first candles. */
let turns: number;
let events: [string, readonly ChannelName[]][];

function send(socket: WebSocket, message: object): void {
  socket.send(JSON.stringify(message));
}

/** As on linear: everything is granted, pings are answered. */
const obliging: Answer = ({ op, req_id }, socket) => {
  const message = op === 'ping' ? 'pong' : '';
  send(socket, { success: true, ret_msg: message, conn_id: 'c', req_id: req_id ?? '', op });
};

function pushCandle(symbol: string, n = 0): void {
  for (const socket of server.clients) send(socket, klineFrame(symbol, n));
}

function klineFrame(symbol: string, n = 0): object {
  const data = [{ interval: '1', ...minute(n) }];
  return { topic: `kline.1.${symbol}`, type: 'snapshot', ts: startOfMinute(n) + 1_000, data };
}

beforeEach(async () => {
  requests = [];
  reads = [];
  turns = 0;
  events = [];
  answer = obliging;
  stream = null;
  registry = new Registry();
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      const request = JSON.parse(data.toString()) as Request;
      requests.push(request);
      answer(request, socket);
    });
  });
  await once(server, 'listening');
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v5/public/linear`;
});
afterEach(async () => {
  await stream?.stop();
  for (const socket of server.clients) socket.terminate();
  server.close();
});

function start(settings: Partial<StreamSettings> = {}, channels = [BTC, ETH, SOL]): void {
  const clock = createWallClock();
  stream = createBybitStream({
    url,
    channels,
    settings: {
      ...DEFAULT_INGEST_SETTINGS,
      reconnectInitialMs: 10,
      reconnectMaxMs: 50,
      ...settings,
    },
    clock,
    metrics: new IngestMetrics(registry, clock),
    log: silentLog,
    random: () => 0.5,
  });
  stream.start({
    onCandles: (candles, receivedAt) => {
      reads.push({ candles, receivedAt, turn: turns });
      queueMicrotask(() => (turns += 1));
    },
    onSubscribed: (names) => events.push(['subscribed', names]),
    onLost: (names) => events.push(['lost', names]),
  });
}

function subscribeArgs(): (readonly string[])[] {
  return requests.flatMap(({ op, args }) => (op === 'subscribe' && args ? [args] : []));
}

function subscribed(): Set<ChannelName> {
  return new Set(events.flatMap(([what, names]) => (what === 'subscribed' ? names : [])));
}

/** Waits until the check passes, with room for a slow machine. */
function until(check: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: 10_000, interval: 10 });
}

function reconnects(reason: string): Promise<number> {
  return metricValue(registry, 'candlegate_ingest_reconnects_total', { reason });
}

describe("Bybit's stream", () => {
  it('is subscribed in batches, and its candles come with the time of their receipt', async () => {
    start({ topicsPerRequest: 2 });
    await until(() => expect(subscribed().size).toBe(3));
    expect(subscribeArgs()).toEqual([['kline.1.BTCUSDT', 'kline.1.ETHUSDT'], ['kline.1.SOLUSDT']]);
    pushCandle('ETHUSDT', 3);
    await until(() => expect(reads).toHaveLength(1));
    expect(reads[0]?.candles).toEqual([
      { channel: ETH.name, candle: minute(3), exchange: startOfMinute(3) + 1_000 },
    ]);
    expect(Math.abs((reads[0]?.receivedAt ?? 0) - Date.now())).toBeLessThan(5_000);
  });

  it('hands over all frames of one read before anything else runs', async () => {
    start();
    await until(() => expect(subscribed().size).toBe(3));
    for (const socket of server.clients) {
      const { _socket: tcp } = socket as unknown as { _socket: Socket };
      tcp.cork();
      for (const symbol of ['BTCUSDT', 'ETHUSDT', 'SOLUSDT']) send(socket, klineFrame(symbol));
      tcp.uncork();
    }
    await until(() => expect(reads).toHaveLength(3));
    expect(reads.map(({ turn }) => turn)).toEqual([0, 0, 0]);
  });

  it('is spread over several connections when the topics are too many for one', async () => {
    start({ topicCharsPerConnection: 40 });
    await until(() => expect(subscribed().size).toBe(3));
    expect(server.clients.size).toBe(2);
    expect(await metricValue(registry, 'candlegate_ingest_upstream_connections')).toBe(2);
    expect(await metricValue(registry, 'candlegate_ingest_upstream_connections_wanted')).toBe(2);
  });

  it('comes back after a break, subscribed again', async () => {
    start();
    await until(() => expect(subscribed().size).toBe(3));
    for (const socket of server.clients) socket.terminate();
    await until(() => expect(subscribeArgs()).toHaveLength(2));
    await until(() => expect(events.at(-1)?.[0]).toBe('subscribed'));
    expect(events.map(([what]) => what)).toEqual(['subscribed', 'lost', 'subscribed']);
    expect(await reconnects('closed')).toBe(1);
    pushCandle('BTCUSDT');
    await until(() => expect(reads).toHaveLength(1));
  });

  it('waits longer and longer while the exchange takes connections and drops them', async () => {
    const opened: number[] = [];
    server.on('connection', (socket) => {
      opened.push(performance.now());
      socket.terminate();
    });
    start({ reconnectInitialMs: 20, reconnectMaxMs: 10_000 });
    await until(() => expect(opened.length).toBe(6));
    const gaps = opened.slice(1).map((at, index) => at - (opened[index] ?? 0));
    // Half of 20, 40, 80, 160, 320 ms and the handshake.
    expect(gaps[4]).toBeGreaterThan(150);
    expect(gaps[3]).toBeGreaterThan(70);
  });

  it('subscribes the rest when one topic is bad, which alone stays away', async () => {
    answer = (request, socket) => {
      if (!request.args?.includes('kline.1.ETHUSDT')) {
        obliging(request, socket);
        return;
      }
      const message = 'error:handler not found,topic:kline.1.ETHUSDT';
      send(socket, { success: false, ret_msg: message, req_id: request.req_id, op: 'subscribe' });
    };
    start({ refusedRetryMs: 100 });
    await until(() => expect(subscribed()).toEqual(new Set([BTC.name, SOL.name])));
    expect(await metricValue(registry, 'candlegate_ingest_refused_topics')).toBe(1);
    answer = obliging;
    await until(() => expect(subscribed().has(ETH.name)).toBe(true));
    expect(await metricValue(registry, 'candlegate_ingest_refused_topics')).toBe(0);
    expect(events.map(([what]) => what)).not.toContain('lost');
  });

  it('takes "already subscribed" for success', async () => {
    answer = ({ req_id, args, op }, socket) => {
      const message = `error:already subscribed,topic:${args?.[0] ?? ''}`;
      send(socket, { success: false, ret_msg: message, req_id, op });
    };
    start();
    await until(() => expect(subscribed().size).toBe(3));
    expect(await metricValue(registry, 'candlegate_ingest_refused_topics')).toBe(0);
  });

  it('is pinged, and replaced when the pong does not come', async () => {
    start({ pingMs: 30, pongTimeoutMs: 500 });
    await until(() => {
      expect(requests.filter(({ op }) => op === 'ping').length).toBeGreaterThan(3);
    });
    expect(await reconnects('pong_timeout')).toBe(0);
    answer = (request, socket) => {
      if (request.op !== 'ping') obliging(request, socket);
    };
    // Data alone does not help.
    const pushing = setInterval(() => pushCandle('BTCUSDT'), 20);
    await until(async () => expect(await reconnects('pong_timeout')).toBeGreaterThan(0));
    clearInterval(pushing);
  });

  it('is replaced when it answers pings and brings no data', async () => {
    start({ pingMs: 30, stallMs: 300 });
    await until(async () => expect(await reconnects('stalled')).toBeGreaterThan(0));
  });

  it('is replaced when a subscription is neither answered nor followed by data', async () => {
    answer = () => undefined;
    start({ ackTimeoutMs: 100 });
    await until(async () => expect(await reconnects('ack_timeout')).toBeGreaterThan(0));
    expect(subscribed().size).toBe(0);
  });

  it('is known to be subscribed by its data when the answer is lost', async () => {
    answer = () => undefined;
    start({ ackTimeoutMs: 300 }, [BTC]);
    await until(() => expect(subscribeArgs()).toHaveLength(1));
    pushCandle('BTCUSDT');
    await until(() => expect(subscribed().size).toBe(1));
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await reconnects('ack_timeout')).toBe(0);
  });

  it('is not harmed by bad frames, which are counted by reason', async () => {
    start();
    await until(() => expect(subscribed().size).toBe(3));
    for (const socket of server.clients) {
      socket.send('{');
      socket.send(Buffer.from([1, 2, 3]));
      send(socket, klineFrame('XRPUSDT'));
      send(socket, { ...klineFrame('BTCUSDT'), data: [{ interval: '1', ...minute(0), open: 1 }] });
      send(socket, klineFrame('BTCUSDT', 1));
    }
    await until(() => expect(reads).toHaveLength(1));
    const count = (reason: string): Promise<number> =>
      metricValue(registry, 'candlegate_ingest_bad_frames_total', { reason });
    for (const reason of ['not_json', 'binary', 'unknown_topic', 'invalid_candle']) {
      expect(await count(reason)).toBe(1);
    }
    expect(await reconnects('closed')).toBe(0);
  });

  it('keeps trying while the exchange cannot be reached at all', async () => {
    server.close();
    await once(server, 'close');
    start();
    await until(async () => expect(await reconnects('not_opened')).toBeGreaterThan(2));
  });

  it('delivers nothing and leaves no connection after it has been stopped', async () => {
    start();
    await until(() => expect(subscribed().size).toBe(3));
    const pushing = setInterval(() => pushCandle('BTCUSDT'), 1);
    await until(() => expect(reads.length).toBeGreaterThan(0));
    await stream?.stop();
    const count = reads.length;
    await until(() => expect(server.clients.size).toBe(0));
    clearInterval(pushing);
    expect(reads).toHaveLength(count);
    expect(events.map(([what]) => what)).toEqual(['subscribed']);
  });

  it('stops at once while it waits to reconnect', async () => {
    server.close();
    await once(server, 'close');
    start({ reconnectInitialMs: 60_000, reconnectMaxMs: 60_000 });
    await until(async () => expect(await reconnects('not_opened')).toBe(1));
    await stream?.stop();
  });
});
