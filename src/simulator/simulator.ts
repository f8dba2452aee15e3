import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Candle } from '../candle/candle.ts';
import type { Interval } from '../candle/interval.ts';
import type { Clock } from '../time/clock.ts';
import { parseCategory, type Category } from './category.ts';
import { serveConnection } from './connection.ts';
import { createFaults, type FaultPatch, type Faults } from './faults.ts';
import { createHttpRoutes } from './http-routes.ts';
import { createKlineFeed } from './kline-feed.ts';
import type { SimulatorLog } from './log.ts';
import type { Market } from './market.ts';
import { setUpMarket, type ReplayOptions } from './market-setup.ts';
import { createRestApi } from './rest-api.ts';
import { createRestLimit } from './rest-limit.ts';
import { createSimulatedClock } from './simulated-clock.ts';

export interface SimulatorOptions {
  readonly clock: Clock;
  /** Same seed, same market, same faults. Default 1. */
  readonly seed?: number;
  /** How many times faster than the wall its clock runs; at 60 a minute takes a second. Default 1. */
  readonly speed?: number;
  /** Default BTCUSDT, ETHUSDT, SOLUSDT; with `replay` all that were recorded. */
  readonly symbols?: readonly string[];
  /** Where the exchange's clock starts, ms since 1970. Default: the wall's time at `listen`. */
  readonly startTime?: number;
  /** How often open candles are pushed, in ms of the wall. Default 1000. */
  readonly updateMs?: number;
  /** How long after its end a candle becomes final, in ms of the exchange's time. Default 200. */
  readonly confirmDelayMs?: number;
  readonly replay?: ReplayOptions;
  /** Faults that are switched on from the beginning. */
  readonly faults?: FaultPatch;
  /** A connection that says nothing for this long is cut. Default ten minutes, as on the exchange. */
  readonly idleTimeoutMs?: number;
  readonly log?: SimulatorLog;
}

/** A Bybit v5 server for public klines: WebSocket and REST on one port. */
export interface Simulator {
  /** Starts the clock and listens. Default: 127.0.0.1, any free port. Rejects when it cannot. */
  listen(where?: { host?: string; port?: number }): Promise<{ port: number }>;
  /** `ws://…/v5/public/linear`. Throws before `listen`. */
  readonly wsUrl: string;
  /** `http://…` without a path. Throws before `listen`. */
  readonly restUrl: string;
  readonly faults: Faults;
  /** The candles as a function of the exchange's time. */
  readonly market: Market;
  /** The exchange's time in ms since 1970. */
  now(): number;
  /**
   * The truth to check others by: every candle with `fromStart` <= start <= `toStart` that is final
   * by now, in order.
   */
  closedCandles(symbol: string, interval: Interval, fromStart: number, toStart: number): Candle[];
  /** Number of open WebSockets. */
  connections(): number;
  /** Breaks all connections and frees the port. */
  close(): Promise<void>;
}

const DEFAULT_IDLE_TIMEOUT_MS = 600_000;
/** Room for the largest batch of topics, and for a client that goes too far. */
const MAX_MESSAGE_BYTES = 262_144;
const WEBSOCKET_PATH = /^\/v5\/public\/([a-z]+)$/;

/**
 * Builds a simulator. Nothing runs before `listen`.
 *
 * @throws Error when the speed is not positive or a recording cannot be read
 */
export function createSimulator(options: SimulatorOptions): Simulator {
  const { clock: wall, seed = 1, speed = 1, log } = options;
  if (!(speed > 0 && Number.isFinite(speed))) throw new RangeError('speed must be above 0');

  const { market, startTime } = setUpMarket({
    seed,
    symbols: options.symbols,
    startTime: options.startTime,
    begin: wall.now(),
    confirmDelayMs: options.confirmDelayMs ?? 200,
    replay: options.replay,
  });
  const exchangeClock = createSimulatedClock({ clock: wall, startTime, speed });
  const feed = createKlineFeed({
    market,
    exchangeClock,
    wall,
    updateMs: options.updateMs ?? 1000,
  });
  const sockets = new WebSocketServer({
    noServer: true,
    autoPong: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  const faults = createFaults({
    initial: options.faults ?? {},
    changed(state) {
      exchangeClock.setOffset(state.clockOffsetMs);
      log?.info({ faults: state }, 'faults changed');
    },
    drop(way) {
      const open = [...sockets.clients];
      for (const socket of open) {
        if (way === 'terminate') socket.terminate();
        else socket.close(1001);
      }
      return open.length;
    },
  });
  exchangeClock.setOffset(faults.state.clockOffsetMs);

  const answer = createHttpRoutes({
    restApi: createRestApi(market),
    restLimit: createRestLimit(),
    faults,
    exchangeClock,
    wall,
    seed,
  });
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      log?.warn({ err: error, url: request.url }, 'request failed');
      response.destroy();
    });
  });
  server.on('upgrade', upgrade);

  let connectionCount = 0;
  let authority: string | null = null;

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { pathname } = new URL(request.url ?? '/', 'http://simulator');
    const category = parseCategory(WEBSOCKET_PATH.exec(pathname)?.[1] ?? '');
    const { refuseConnections } = faults.state;
    if (refuseConnections === 'reset') {
      request.socket.resetAndDestroy();
    } else if (refuseConnections === 'http') {
      refuseUpgrade(socket, '503 Service Unavailable');
    } else if (category === undefined) {
      refuseUpgrade(socket, '404 Not Found');
    } else {
      sockets.handleUpgrade(request, socket, head, (opened) => open(opened, category));
    }
  }

  function open(socket: WebSocket, category: Category): void {
    connectionCount += 1;
    socket.on('error', (error) => log?.warn({ err: error }, 'connection failed'));
    serveConnection({
      socket,
      category,
      market,
      feed,
      faults,
      seed,
      ordinal: connectionCount,
      idleTimeoutMs: options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS,
    });
  }

  function listeningAt(): string {
    if (authority === null) throw new Error('the simulator does not listen yet');
    return authority;
  }

  return {
    async listen({ host = '127.0.0.1', port = 0 } = {}) {
      server.listen(port, host);
      await once(server, 'listening');
      const bound = (server.address() as AddressInfo).port;
      authority = `${reachableHost(host)}:${bound}`;
      exchangeClock.start();
      feed.start();
      log?.info({ host, port: bound, seed, speed }, 'simulated exchange listens');
      return { port: bound };
    },
    get wsUrl() {
      return `ws://${listeningAt()}/v5/public/linear`;
    },
    get restUrl() {
      return `http://${listeningAt()}`;
    },
    faults,
    market,
    now: () => exchangeClock.now(),
    closedCandles: (symbol, interval, fromStart, toStart) =>
      market.closedCandles(symbol, interval, fromStart, toStart, exchangeClock.now()),
    connections: () => sockets.clients.size,
    async close() {
      feed.stop();
      for (const socket of sockets.clients) socket.terminate();
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** An address to dial for a host to listen on. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
