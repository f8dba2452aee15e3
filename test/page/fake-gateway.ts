import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Candle } from '../../src/candle/candle.ts';
import type { ChannelName } from '../../src/candle/channel.ts';
import { intervalSchema } from '../../src/candle/interval-schema.ts';
import { clientMessageSchema, serverMessageSchema } from '../../src/candle/messages.ts';
import type { ClientMessage, FeedState, ServerMessage, Source } from '../../src/candle/messages.ts';
import { PAGE_CONTENT_POLICY } from '../../src/gateway/rest/security-headers.ts';
import { makeCandles } from './fake-candles.ts';

export const GOOD_TOKEN = 'good.token.here';
export const OTHER_GOOD_TOKEN = 'another.good.token';

const BEARER = 'base64url.bearer.authorization.candlegate.';
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

interface Peer {
  readonly socket: WebSocket;
  readonly channels: Set<ChannelName>;
}

/**
 * A gateway as the page sees it: PROTOCOL.md's messages over a real socket, without a feed. It also
 * brings about what a real gateway does rarely: going away, a stale feed, an expired token.
 */
export class FakeGateway {
  readonly #http = createServer((request, response) => {
    this.#answer(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  readonly #sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) =>
      offered.has('candlegate.v1.json') ? 'candlegate.v1.json' : false,
  });
  readonly #peers = new Set<Peer>();
  readonly #pageFolder: string;
  readonly #candles = new Map<ChannelName, Candle[]>();
  readonly #offsets = new Map<ChannelName, number>();
  readonly source: Source;
  readonly symbols = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'];
  readonly intervals = ['1', '5', '15'];
  /** All that clients have said. */
  readonly received: ClientMessage[] = [];
  /** Request targets of all requests, upgrades included. */
  readonly targets: string[] = [];
  feed: FeedState = 'live';
  /** Set to refuse every upgrade as an unreachable gateway would. */
  refusesUpgrades = false;
  /** Set to answer no more requests for candles. */
  refusesHistory = false;
  /** Faults that pages have asked for. */
  readonly faults: string[] = [];
  /** What `recovered` says to a client that resumes. */
  recovers = true;

  private constructor(pageFolder: string, source: Source) {
    this.#pageFolder = pageFolder;
    this.source = source;
    this.#http.on('upgrade', (request, socket, head) => {
      this.targets.push(request.url ?? '');
      if (this.refusesUpgrades || readToken(request) === null) {
        socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
        this.#welcome(webSocket);
      });
    });
  }

  /** @param pageFolder where the built page is */
  static async start(pageFolder: string, source: Source = 'bybit'): Promise<FakeGateway> {
    const gateway = new FakeGateway(pageFolder, source);
    await new Promise<void>((resolve) => gateway.#http.listen(0, '127.0.0.1', resolve));
    return gateway;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** Messages of one type that clients have sent. */
  sentByClients<T extends ClientMessage['type']>(type: T): Extract<ClientMessage, { type: T }>[] {
    return this.received.filter(
      (message): message is Extract<ClientMessage, { type: T }> => message.type === type,
    );
  }

  candles(channel: ChannelName): Candle[] {
    let candles = this.#candles.get(channel);
    if (candles === undefined) {
      const interval = intervalSchema.parse(channel.split(':')[2]);
      candles = makeCandles(interval, Date.now(), 400, channel.length * 13 + channel.charCodeAt(8));
      this.#candles.set(channel, candles);
    }
    return candles;
  }

  /** Closes the open candle, begins the next one, and tells everybody. @returns the closed one */
  closeCandle(channel: ChannelName): Candle {
    const candles = this.candles(channel);
    const open = candles.at(-1);
    const before = candles.at(-2);
    if (open === undefined || before === undefined) throw new Error('there are no candles');
    const closed = { ...open, confirm: true };
    const length = open.end + 1 - open.start;
    candles[candles.length - 1] = closed;
    candles.push({
      ...open,
      start: open.start + length,
      end: open.end + length,
      open: open.close,
      high: open.close,
      low: open.close,
      volume: '0.5',
      turnover: '1',
    });
    this.publish(channel, closed, { previous: before.start });
    this.publish(channel);
    return closed;
  }

  /** Moves the open candle's price and tells everybody. */
  movePrice(channel: ChannelName, close: string): void {
    const candles = this.candles(channel);
    const open = candles.at(-1);
    if (open === undefined) throw new Error('there are no candles');
    const bound = (pick: (...values: number[]) => number, a: string): string =>
      pick(Number(a), Number(close)).toFixed(1);
    const volume = (Number(open.volume) + 0.731).toFixed(3);
    const moved = {
      ...open,
      close,
      volume,
      high: bound(Math.max, open.high),
      low: bound(Math.min, open.low),
    };
    candles[candles.length - 1] = moved;
    this.publish(channel);
  }

  /** Sends the open candle, or the given one, to all who have subscribed. */
  publish(
    channel: ChannelName,
    candle = this.candles(channel).at(-1),
    more: { previous?: number | null } = {},
  ): void {
    if (candle === undefined) return;
    const offset = (this.#offsets.get(channel) ?? 811) + 1;
    this.#offsets.set(channel, offset);
    const [, symbol = '', interval] = channel.split(':');
    const now = performance.timeOrigin + performance.now();
    const message: ServerMessage = {
      type: 'candle',
      channel,
      symbol,
      interval: intervalSchema.parse(interval),
      epoch: 'k3x9',
      offset,
      ...more,
      source: this.source,
      candle,
      times: {
        exchange: Math.floor(now - 46),
        ingest: now - 3.4,
        published: now - 2.6,
        gateway: now - 0.4,
      },
    };
    for (const peer of this.#peers) if (peer.channels.has(channel)) this.#send(peer, message);
  }

  setFeed(state: FeedState): void {
    this.feed = state;
    for (const peer of this.#peers) {
      const channels = [...peer.channels].map((channel) => this.#head(channel));
      this.#send(peer, { type: 'heartbeat', time: Date.now(), source: this.source, channels });
    }
  }

  goAway(reconnectDelayMs: number): void {
    for (const peer of this.#peers) this.#send(peer, { type: 'going_away', reconnectDelayMs });
    this.dropAll(1001, 'going_away');
  }

  /** What a client gets that was slow: the closed candles after a start, and the open one. */
  catchUp(channel: ChannelName, after: number, spared: number): void {
    const offset = (this.#offsets.get(channel) ?? 811) + spared;
    this.#offsets.set(channel, offset);
    const candles = this.candles(channel).filter(({ start }) => start > after);
    const { source } = this;
    for (const peer of this.#peers) {
      if (!peer.channels.has(channel)) continue;
      const part = { channel, epoch: 'k3x9', offset, source, replay: true as const, candles };
      this.#send(peer, { type: 'snapshot', ...part });
    }
  }

  /** Ends all connections; without a code as a broken line would. */
  dropAll(code?: number, reason = ''): void {
    for (const { socket } of this.#peers) {
      if (code === undefined) socket.terminate();
      else socket.close(code, reason);
    }
  }

  get connections(): number {
    return this.#peers.size;
  }

  async close(): Promise<void> {
    this.dropAll();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.targets.push(request.url ?? '');
    const { pathname } = new URL(request.url ?? '/', this.origin);
    const [, api, , kind, ...rest] = pathname.split('/');
    if (api === 'api') {
      if (!isGood(request.headers.authorization?.replace(/^Bearer /, '') ?? '')) refuse(response);
      else if (kind === 'live') this.#listChannels(response);
      else if (kind === 'candles') this.#listCandles(request, response, rest);
      else this.#fault(request, response, rest);
      return;
    }
    const name = pathname === '/' ? 'index.html' : path.basename(pathname);
    const body = await readFile(path.join(this.#pageFolder, name)).catch(() => null);
    response.writeHead(body === null ? 404 : 200, {
      'content-type': TYPES[path.extname(name)] ?? 'text/plain',
      'content-security-policy': PAGE_CONTENT_POLICY,
      'x-content-type-options': 'nosniff',
    });
    response.end(body);
  }

  #listChannels(response: ServerResponse): void {
    const channels = this.symbols.flatMap((symbol) =>
      this.intervals.map((interval) => ({
        ...this.#head(`candles:${symbol}:${intervalSchema.parse(interval)}`),
        symbol,
        interval,
        subscribers: 0,
        lastUpdate: null,
      })),
    );
    answer(response, { source: this.source, channels });
  }

  #listCandles(request: IncomingMessage, response: ServerResponse, path: readonly string[]): void {
    const { searchParams } = new URL(request.url ?? '/', this.origin);
    const [symbol = '', interval] = path;
    const channel = `candles:${symbol}:${intervalSchema.parse(interval)}` as const;
    const before = Number(searchParams.get('before'));
    const older = this.candles(channel).filter(({ start }) => start < before);
    if (this.refusesHistory) {
      const detail = 'There were too many requests.';
      problem(response, 429, 'too_many_requests', detail);
      return;
    }
    const candles = older.slice(-Number(searchParams.get('limit')));
    answer(response, { channel, source: this.source, candles });
  }

  #fault(request: IncomingMessage, response: ServerResponse, path: readonly string[]): void {
    if (this.source !== 'simulator') {
      problem(response, 403, 'not_simulated', 'The prices of this gateway are real.');
      return;
    }
    this.faults.push(`${request.method ?? ''} ${path.join('/')}`);
    if (path[1] === 'drop') this.dropAll();
    answer(response, { connection: path[0], fault: path[1] });
  }

  #head(channel: ChannelName): {
    channel: ChannelName;
    epoch: string;
    offset: number;
    lastClosed: number | null;
    state: FeedState;
  } {
    const lastClosed = this.candles(channel).findLast(({ confirm }) => confirm)?.start ?? null;
    const offset = this.#offsets.get(channel) ?? 811;
    return { channel, epoch: 'k3x9', offset, lastClosed, state: this.feed };
  }

  #welcome(socket: WebSocket): void {
    const peer: Peer = { socket, channels: new Set() };
    this.#peers.add(peer);
    socket.on('close', () => this.#peers.delete(peer));
    socket.on('message', (data: Buffer) => {
      this.#hear(peer, clientMessageSchema.parse(JSON.parse(data.toString())));
    });
    this.#send(peer, {
      type: 'welcome',
      protocol: 'candlegate.v1.json',
      connection: 'c9f1',
      gateway: 'g1',
      source: this.source,
      time: Date.now(),
      heartbeatMs: 30_000,
      expiresAt: Date.now() + 3_600_000,
      limits: {
        subscriptions: 100,
        messageBytes: 65_536,
        messagesPerSecond: 50,
        connections: 1_000,
        requestsPerMinute: 1_200,
      },
    });
  }

  #hear(peer: Peer, message: ClientMessage): void {
    this.received.push(message);
    const id = message.id === undefined ? {} : { id: message.id };
    switch (message.type) {
      case 'ping':
        this.#send(peer, { type: 'pong', ...id, time: performance.timeOrigin + performance.now() });
        return;
      case 'auth':
        if (isGood(message.token)) {
          this.#send(peer, { type: 'authenticated', ...id, expiresAt: Date.now() + 7_200_000 });
        } else {
          const text = 'The token has expired.';
          this.#send(peer, { type: 'error', ...id, code: 'invalid_token', message: text });
        }
        return;
      case 'unsubscribe':
        for (const channel of message.channels) peer.channels.delete(channel as ChannelName);
        this.#send(peer, {
          type: 'unsubscribed',
          ...id,
          channels: message.channels as ChannelName[],
        });
        return;
      case 'subscribe':
        this.#subscribe(peer, message, id);
        return;
      case 'receipt':
        return;
    }
  }

  #subscribe(
    peer: Peer,
    message: Extract<ClientMessage, { type: 'subscribe' }>,
    id: { id?: string },
  ): void {
    for (const channel of message.channels as ChannelName[]) {
      const since = message.since?.[channel];
      const resumes = since !== undefined;
      peer.channels.add(channel);
      const head = { ...this.#head(channel), ...(resumes ? { recovered: this.recovers } : {}) };
      this.#send(peer, { type: 'subscribed', ...id, source: this.source, channels: [head] });
      const all = this.candles(channel);
      const kept = all.slice(-1 - (message.snapshot ?? 1));
      const candles = resumes && this.recovers ? all.filter(({ start }) => start > since) : kept;
      // In two parts, as long ones come.
      const half = Math.ceil(candles.length / 2);
      const base = { type: 'snapshot' as const, channel, epoch: 'k3x9', offset: head.offset };
      const replay = resumes ? { replay: true as const } : {};
      const { source } = this;
      this.#send(peer, { ...base, source, ...replay, more: true, candles: candles.slice(0, half) });
      this.#send(peer, { ...base, source, ...replay, candles: candles.slice(half) });
    }
  }

  #send(peer: Peer, message: ServerMessage): void {
    // A fake that says what no gateway says would prove nothing.
    peer.socket.send(JSON.stringify(serverMessageSchema.parse(message)));
  }
}

function answer(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function problem(response: ServerResponse, status: number, code: string, detail: string): void {
  response.writeHead(status, { 'content-type': 'application/problem+json' });
  response.end(JSON.stringify({ status, title: 'No', code, detail }));
}

function refuse(response: ServerResponse): void {
  const detail = 'The signature of the token does not fit any key of this gateway.';
  problem(response, 401, 'invalid_signature', detail);
}

function isGood(token: string): boolean {
  return token === GOOD_TOKEN || token === OTHER_GOOD_TOKEN;
}

function readToken(request: IncomingMessage): string | null {
  const entries = (request.headers['sec-websocket-protocol'] ?? '').split(/\s*,\s*/);
  const entry = entries.find((candidate) => candidate.startsWith(BEARER));
  if (entry === undefined || !entries.includes('candlegate.v1.json')) return null;
  const token = Buffer.from(entry.slice(BEARER.length), 'base64url').toString();
  return isGood(token) ? token : null;
}
