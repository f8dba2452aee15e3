import type { HttpResponse, us_listen_socket } from 'uWebSockets.js';
import type { Logger } from 'pino';
import type { ConnectionLimits } from '../../limits/limits.ts';
import type { EdgeMetrics } from '../../metrics/edge-metrics.ts';
import type { Authenticator } from '../auth/credential.ts';
import type { OriginPolicy } from '../auth/origin-policy.ts';
import type { ChannelDirectory } from '../channel-view.ts';
import type { HttpRequest } from '../rest/http.ts';
import { ProblemError } from '../rest/problem.ts';
import { hasBody } from '../rest/request-body.ts';
import type { RestHandler } from '../rest/router.ts';
import type { SessionFactory } from '../session-factory.ts';
import { NO_TRACING, type Tracing } from '../../tracing/tracing.ts';
import type { Broadcaster } from '../transport.ts';
import { createApp, type TlsIdentity } from './app.ts';
import { createBroadcaster } from './broadcaster.ts';
import type { ClientAddressSettings } from './client-address.ts';
import { createDeflation } from './deflation.ts';
import { Faults } from './faults.ts';
import { readRequest, writeAnswer } from './http.ts';
import { listen } from './listen.ts';
import { RefusalLog } from './refusal-log.ts';
import { writeRefusal } from './refusal.ts';
import type { SocketData } from './transport.ts';
import { Upgrades } from './upgrade.ts';
import { loadUws } from './uws.ts';
import { matchWebSocketPath } from './websocket-paths.ts';
import { WebSockets } from './websocket.ts';

export interface ServerSettings {
  /** The largest message that sessions read; four times that breaks the connection. */
  readonly maxMessageBytes: number;
  /** Bound of each socket's own buffer; the kernel's comes on top. Default 65,536. */
  readonly maxBufferedBytes?: number;
  /** A socket from which nothing came for so long, not even a pong, is dead. Default 120,000. */
  readonly idleTimeoutMs?: number;
  /** Text frames from this size on are deflated; null: permessage-deflate is off. Default 1,024. */
  readonly deflateMinBytes?: number | null;
  /** How long a slow client may take to read up to its close frame. Default 10,000. */
  readonly closeLingerMs?: number;
  /** Whether `?token=` counts. */
  readonly queryToken: boolean;
  /** Null: plain HTTP and WebSocket. Default null. */
  readonly tls?: TlsIdentity | null;
  /** Whose word is taken for a client's address. */
  readonly addresses: ClientAddressSettings;
}

export interface ServerDeps {
  readonly settings: ServerSettings;
  readonly sessions: SessionFactory;
  readonly directory: ChannelDirectory;
  readonly authenticator: Authenticator;
  readonly origins: OriginPolicy;
  readonly rest: RestHandler;
  readonly limits: ConnectionLimits;
  /** Subprotocols spoken; the first is that of clients which ask for none. */
  readonly protocols: readonly [string, ...string[]];
  readonly metrics: Pick<EdgeMetrics, 'upgradeEnded' | 'handlerFailed'>;
  /** Default: none. */
  readonly tracing?: Tracing;
  readonly log: Pick<Logger, 'info' | 'error'>;
}

/** The gateway's public port. */
export interface GatewayServer {
  /**
   * @param address port 0 takes any free one
   * @throws Error in one sentence when the address cannot be had
   */
  listen(address: {
    readonly host: string;
    readonly port: number;
  }): Promise<{ readonly port: number }>;
  readonly broadcaster: Broadcaster;
  /** Open WebSockets. */
  connections(): number;
  /** Closes the listener and answers requests for a WebSocket with 503; open sockets stay. */
  stopAccepting(): void;
  /** Breaks whatever is still open. */
  close(): void;
}

/**
 * Builds the server; it does nothing before `listen`.
 *
 * @throws Error in one sentence when the native binary does not load on this machine
 */
export function createServer(deps: ServerDeps): GatewayServer {
  const { settings } = deps;
  const uws = loadUws();
  const app = createApp(uws, settings.tls ?? null);
  const faults = new Faults(deps.metrics, deps.log);
  const refusals = new RefusalLog(deps.log);
  const deflation = createDeflation(
    settings.deflateMinBytes === undefined ? 1024 : settings.deflateMinBytes,
  );
  const maxBufferedBytes = settings.maxBufferedBytes ?? 64 * 1024;
  const sockets = new WebSockets({
    sessions: deps.sessions,
    settings: { deflation, maxBufferedBytes, closeLingerMs: settings.closeLingerMs ?? 10_000 },
    faults,
  });
  let listener: us_listen_socket | undefined;
  let accepting = true;
  let closed = false;
  const upgrades = new Upgrades({
    authenticator: deps.authenticator,
    origins: deps.origins,
    directory: deps.directory,
    protocols: deps.protocols,
    queryToken: settings.queryToken,
    limits: deps.limits,
    connections: () => sockets.count,
    metrics: deps.metrics,
    tracing: deps.tracing ?? NO_TRACING,
    refusals,
    faults,
    sockets,
    deflate: deflation.enabled,
    isDraining: () => !accepting,
  });

  // One route for every path: routing is the business of code that is tested without a socket.
  app.ws<SocketData>('/*', {
    ...sockets.handlers(),
    maxPayloadLength: 4 * settings.maxMessageBytes,
    maxBackpressure: maxBufferedBytes,
    closeOnBackpressureLimit: 0,
    idleTimeout: idleTimeoutSeconds(settings.idleTimeoutMs ?? 120_000),
    // Sessions ping by themselves; the pongs keep the socket from being idle.
    sendPingsAutomatically: false,
    compression: deflation.enabled ? uws.SHARED_COMPRESSOR : uws.DISABLED,
    upgrade: (response, request, context) => {
      attend('upgrade', response, () => {
        const copy = readRequest(request, response, settings.addresses);
        const path = matchWebSocketPath(copy.path);
        if (path === null) answerRest(response, copy);
        else upgrades.answer(response, copy, path, context);
      });
    },
  });
  app.any('/*', (response, request) => {
    attend('request', response, () => {
      const copy = readRequest(request, response, settings.addresses);
      const path = matchWebSocketPath(copy.path);
      if (path === null) answerRest(response, copy);
      else upgrades.refusePlain(response, copy, path);
    });
  });

  /** Nothing may be thrown into the native server: it would end the process. */
  function attend(handler: 'upgrade' | 'request', response: HttpResponse, act: () => void): void {
    try {
      act();
    } catch (error) {
      if (error instanceof ProblemError) {
        // The request could not even be read.
        deps.metrics.upgradeEnded(error.problem.code);
        refusals.hit(error.problem.code, performance.now());
        writeRefusal(response, error.problem, 'GET');
        return;
      }
      faults.caught(handler, error);
      faults.abandon(response);
    }
  }

  function answerRest(response: HttpResponse, request: HttpRequest): void {
    let aborted = false;
    response.onAborted(() => {
      aborted = true;
    });
    deps.rest
      .answer(request)
      .then((answer) => {
        if (aborted) return;
        // Bodies are not read, so nothing can follow one on the connection.
        const last = !accepting || hasBody(request);
        response.cork(() => writeAnswer(response, answer, request.method, last));
      })
      .catch((error: unknown) => {
        faults.caught('request', error);
        if (!aborted) faults.abandon(response);
      });
  }

  function stopAccepting(): void {
    accepting = false;
    if (listener === undefined) return;
    uws.us_listen_socket_close(listener);
    listener = undefined;
  }

  return {
    async listen(address) {
      const { socket, port } = await listen(uws, app, address);
      listener = socket;
      return { port };
    },
    broadcaster: createBroadcaster(app, deflation, () => closed),
    connections: () => sockets.count,
    stopAccepting,
    close() {
      if (closed) return;
      stopAccepting();
      closed = true;
      app.close();
    },
  };
}

/** The native server takes whole seconds from 8 to 960, and ends the process otherwise. */
function idleTimeoutSeconds(ms: number): number {
  return Math.min(960, Math.max(8, Math.ceil(ms / 1000)));
}
