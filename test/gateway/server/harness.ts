import { connect } from 'node:net';
import { Registry } from 'prom-client';
import { WebSocket } from 'ws';
import type { TokenVerifier } from '../../../src/gateway/auth/identity.ts';
import { createOriginPolicy } from '../../../src/gateway/auth/origin-policy.ts';
import { healthRoute } from '../../../src/gateway/rest/health.ts';
import { candlesRoute } from '../../../src/gateway/rest/candles.ts';
import { channelsRoute } from '../../../src/gateway/rest/channels.ts';
import { createRestHandler } from '../../../src/gateway/rest/router.ts';
import {
  createServer,
  type GatewayServer,
  type ServerSettings,
} from '../../../src/gateway/server/server.ts';
import type { SessionFactory, SessionRequest } from '../../../src/gateway/session-factory.ts';
import type { SocketEvents, Transport } from '../../../src/gateway/transport.ts';
import { EdgeMetrics } from '../../../src/metrics/edge-metrics.ts';
import type { LimitSettings } from '../../../src/limits/limits.ts';
import { createAddressList } from '../../../src/net/ip-address.ts';
import { memoryLimits } from '../../support/limits.ts';
import { token, tokenAuthenticator, verifierWith, SECRET } from '../auth/tokens.ts';
import { fakeDirectory, fakeView } from '../rest/fake-directory.ts';

export const PROTOCOL = 'candlegate.v1.json';
export const MULTIPLEX = '/api/v1/live/ws';
export const ONE_CHANNEL = '/api/v1/live/ws/candles/BTCUSDT/1';

/** A session that writes down what it is told. */
export class FakeSession implements SocketEvents {
  readonly transport: Transport;
  readonly request: SessionRequest;
  readonly messages: { readonly data: string; readonly isBinary: boolean }[] = [];
  readonly pongs: string[] = [];
  readonly closes: number[] = [];
  pings = 0;
  drops = 0;
  drains = 0;
  /** Replaces what the session does with a message. */
  onMessage: ((data: string) => void) | undefined;

  constructor(transport: Transport, request: SessionRequest) {
    this.transport = transport;
    this.request = request;
  }

  message(data: Uint8Array, isBinary: boolean): void {
    const text = Buffer.from(data).toString();
    this.messages.push({ data: text, isBinary });
    this.onMessage?.(text);
  }
  pong(payload: string): void {
    this.pongs.push(payload);
  }
  pinged(): void {
    this.pings += 1;
  }
  dropped(): void {
    this.drops += 1;
  }
  drained(): void {
    this.drains += 1;
  }
  closed(code: number): void {
    this.closes.push(code);
  }
}

export function welcome(session: FakeSession): void {
  session.transport.send('{"type":"welcome"}');
}

export interface Harness {
  readonly server: GatewayServer;
  readonly port: number;
  readonly sessions: FakeSession[];
  readonly registry: Registry;
  readonly limits: ReturnType<typeof memoryLimits>;
  /** Errors that the server logged. */
  readonly logged: unknown[];
  /** What it merely told. */
  readonly noted: unknown[];
  url(path?: string): string;
}

export interface HarnessOptions {
  readonly settings?: Partial<ServerSettings>;
  readonly verifier?: TokenVerifier;
  readonly allowedOrigins?: readonly string[];
  readonly limits?: Partial<LimitSettings>;
  /** Default: no proxy is trusted. */
  readonly trustedProxies?: readonly string[];
  readonly proxyProtocol?: boolean;
  /** What a session does at its start. */
  readonly open?: (session: FakeSession) => void;
}

export async function startServer(options: HarnessOptions = {}): Promise<Harness> {
  const sessions: FakeSession[] = [];
  const factory: SessionFactory = {
    open(transport, request) {
      const session = new FakeSession(transport, request);
      sessions.push(session);
      options.open?.(session);
      return session;
    },
  };
  const directory = fakeDirectory(fakeView('BTCUSDT', '1'), fakeView('BTCUSDT', '60'));
  const authenticator = tokenAuthenticator(
    options.verifier ?? verifierWith({ secret: SECRET }, Date.now),
  );
  const registry = new Registry();
  const metrics = new EdgeMetrics(registry);
  const logged: unknown[] = [];
  const noted: unknown[] = [];
  const log = {
    info: (...fields: unknown[]) => void noted.push(fields),
    error: (...fields: unknown[]) => void logged.push(fields),
  };
  const origins = createOriginPolicy(options.allowedOrigins ?? ['https://charts.example']);
  const limits = memoryLimits(options.limits);
  const queryToken = options.settings?.queryToken ?? false;
  const server = createServer({
    settings: {
      maxMessageBytes: 1024,
      queryToken,
      addresses: {
        trustedProxies: createAddressList(options.trustedProxies ?? []),
        proxyProtocol: options.proxyProtocol ?? false,
      },
      ...options.settings,
    },
    sessions: factory,
    directory,
    authenticator,
    origins,
    limits: limits.connections,
    rest: createRestHandler({
      routes: [
        healthRoute({
          gatewayId: 'g1',
          source: 'bybit',
          feed: () => 'live',
          bus: () => 'connected',
          connections: () => server.connections(),
          uptimeSeconds: () => 1,
        }),
        channelsRoute({ source: 'bybit', directory, subscribers: () => 0 }),
        candlesRoute({ source: 'bybit', directory }),
      ],
      authenticator,
      origins,
      limits: limits.requests,
      queryToken,
      metrics,
      log,
    }),
    protocols: [PROTOCOL, 'candlegate.v1.test'],
    metrics,
    log,
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    server,
    port,
    sessions,
    registry,
    limits,
    logged,
    noted,
    url: (path = MULTIPLEX) => `ws://127.0.0.1:${port}${path}`,
  };
}

/** A token that is good now. */
export function goodToken(claims: Record<string, unknown> = {}): Promise<string> {
  return token(claims, { now: Date.now() });
}

/** An open client with a good token. */
export async function connectClient(
  harness: Harness,
  path: string = MULTIPLEX,
  options: { readonly perMessageDeflate?: boolean } = {},
): Promise<WebSocket> {
  const client = new WebSocket(harness.url(path), {
    headers: { authorization: `Bearer ${await goodToken()}` },
    perMessageDeflate: options.perMessageDeflate ?? false,
  });
  await opened(client);
  return client;
}

export function opened(client: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    client.once('open', resolve);
    client.once('error', reject);
  });
}

/** @throws when it is still open after 15 s */
export function closeOf(client: WebSocket): Promise<{ code: number; reason: string }> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the connection was not closed')), 15_000);
    client.once('close', (code, reason) => {
      clearTimeout(timer);
      resolve({ code, reason: reason.toString() });
    });
  });
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Everything that came, as it came. */
  readonly text: string;
}

/** Headers of a handshake that lacks nothing but a token. */
export const HANDSHAKE = {
  Upgrade: 'websocket',
  Connection: 'keep-alive, Upgrade',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** Sends a request byte by byte as given, and reads one answer. A null header is left out. */
export function raw(
  port: number,
  path: string,
  headers: Readonly<Record<string, string | null>> = {},
  method = 'GET',
): Promise<RawAnswer> {
  const all: Record<string, string | null> = { Host: `127.0.0.1:${port}`, ...headers };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === null ? [] : [`${name}: ${value}\r\n`],
  );
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const settle = (): void => {
      const [head = '', body = ''] = text.split(/\r\n\r\n(.*)/s);
      const [statusLine = '', ...rest] = head.split('\r\n');
      const parsed = rest.map((line) => line.split(/: (.*)/s).slice(0, 2));
      const answered = Object.fromEntries(
        parsed.map(([name = '', value = '']) => [name.toLowerCase(), value]),
      );
      const status = Number(statusLine.split(' ')[1]);
      const length = method === 'HEAD' ? 0 : Number(answered['content-length'] ?? 0);
      if (head === text || Buffer.byteLength(body) < length) return;
      resolve({ status, headers: answered, body, text });
      socket.destroy();
    };
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      settle();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`no whole answer: ${JSON.stringify(text)}`)));
    socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  });
}
