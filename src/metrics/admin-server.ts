import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { listenFailure } from '../net/listen-failure.ts';
import { createExposition, type Exposition } from './exposition.ts';
import { answerOperator, type AdminRoute } from './admin-route.ts';

/** One condition of being ready; the process is ready when all are met. */
export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  /** What is known, also when it is fine: the truth at once, where `ok` allows a grace. May be empty. */
  readonly detail: string;
}

export interface AdminServerDeps {
  readonly registry: Registry;
  /** Asked at every request; must be quick. */
  readonly checks: () => readonly ReadinessCheck[];
  /** Paths that this role has beyond those below. */
  readonly routes?: readonly AdminRoute[];
  /** Told of a request that failed for a fault of our own. */
  readonly onError: (error: unknown) => void;
}

/**
 * The admin port, for the operator's network only:
 *
 * - `/metrics`: what Prometheus scrapes, as plain text or (with exemplars) as OpenMetrics
 * - `/livez`: 200 as long as the event loop turns. It depends on nothing else: a restart mends no Redis
 * - `/readyz`: 200 or 503, and in either case every check with its reason
 */
export interface AdminServer {
  /**
   * Listens; port 0 takes a free one.
   *
   * @throws Error in one sentence, when the port is in use or may not be had
   */
  listen(address: { readonly host: string; readonly port: number }): Promise<{ port: number }>;
  /** Idempotent; also cuts connections that are kept alive. */
  close(): Promise<void>;
}

const TEXT = 'text/plain; charset=utf-8';

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function createAdminServer(deps: AdminServerDeps): AdminServer {
  const routed = { ...deps, expose: createExposition(deps.registry) };
  let host = '';
  const server = createServer((request, response) => {
    // A reader that goes away is none of our business.
    response.on('error', () => undefined);
    const path = (request.url ?? '').split('?', 1)[0];
    const route = deps.routes?.find((each) => each.path === path);
    const answered =
      route === undefined ? answer(routed, request) : answerOperator(route, request, host);
    answered
      .catch((error: unknown): Answer => {
        deps.onError(error);
        return { status: 500, contentType: TEXT, body: 'internal error\n' };
      })
      .then((result) => send(response, result, request.method === 'HEAD'))
      .catch(deps.onError);
  });
  return {
    listen(address) {
      ({ host } = address);
      return listen(server, address);
    },
    close: () =>
      new Promise((resolve) => {
        // The only error says that it was not listening, which is what is wanted.
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(deps: RouteDeps, request: IncomingMessage): Promise<Answer> {
  const { method, url = '', headers } = request;
  const route = ROUTES[url.split('?', 1)[0] ?? ''];
  if (route === undefined) return { status: 404, contentType: TEXT, body: 'not found\n' };
  if (method !== 'GET' && method !== 'HEAD') {
    const headers = { Allow: 'GET, HEAD' };
    return { status: 405, contentType: TEXT, body: 'method not allowed\n', headers };
  }
  return route(deps, headers.accept);
}

interface RouteDeps extends AdminServerDeps {
  readonly expose: (accept: string | undefined) => Promise<Exposition>;
}

type Route = (deps: RouteDeps, accept: string | undefined) => Promise<Answer>;

const ROUTES: Readonly<Partial<Record<string, Route>>> = {
  '/metrics': async ({ expose }, accept) => ({
    status: 200,
    ...(await expose(accept)),
    headers: { Vary: 'Accept' },
  }),
  '/livez': async () => Promise.resolve({ status: 200, contentType: TEXT, body: 'ok\n' }),
  '/readyz': async ({ checks }) => {
    const results = checks();
    const ready = results.every(({ ok }) => ok);
    const body = readinessText(ready, results);
    return Promise.resolve({ status: ready ? 200 : 503, contentType: TEXT, body });
  },
};

/** In the manner of Kubernetes: `[+]` before what is fine, `[-]` before what is not. */
function readinessText(ready: boolean, checks: readonly ReadinessCheck[]): string {
  const lines = checks.map(({ name, ok, detail }) => {
    const reason = detail === '' ? '' : `: ${detail}`;
    return ok ? `[+] ${name} ok${reason}` : `[-] ${name} failed${reason}`;
  });
  return [...lines, ready ? 'ready' : 'not ready', ''].join('\n');
}

function send(response: ServerResponse, result: Answer, withoutBody: boolean): void {
  response.writeHead(result.status, {
    'Content-Type': result.contentType,
    'Content-Length': Buffer.byteLength(result.body),
    'Cache-Control': 'no-store',
    ...result.headers,
  });
  response.end(withoutBody ? undefined : result.body);
}

function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<{ port: number }> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      const reason = listenFailure(error);
      reject(
        new Error(`cannot listen on ${host}:${port} (admin port): ${reason}`, { cause: error }),
      );
    };
    server.once('error', onError);
    server.listen(port, host, () => {
      server.off('error', onError);
      resolve({ port: (server.address() as AddressInfo).port });
    });
  });
}
