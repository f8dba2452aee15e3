import type { Candle } from '../candle/candle.ts';
import type { Port } from './core/port.ts';
import { PAGE_CANDLES } from './core/repair.ts';
import type { Channel } from './interval.ts';
import { json } from './json.ts';
import type { ClientOptions, FetchLike, HistoryOptions, WebSocketConstructor } from './options.ts';
import { openSocket } from './socket.ts';
import { CandlegateError, type CredentialPurpose } from './types.ts';

interface Global {
  readonly WebSocket?: WebSocketConstructor;
  readonly fetch: FetchLike;
  readonly location?: { readonly href: string };
}

/** Asks what a user has given, once the core has returned: it may call back. */
function ask<Answer>(call: () => Answer | Promise<Answer>): Promise<Answer> {
  return Promise.resolve().then(call);
}

/**
 * What the core has to reach a gateway with: one socket, REST requests, the token provider.
 *
 * @throws TypeError when an option is missing or wrong
 */
export function createTransport(options: ClientOptions, emit: Port['emit']) {
  const global = globalThis as Global;
  const {
    apiKey,
    encoding = json,
    WebSocket = global.WebSocket,
    fetch = global.fetch.bind(globalThis),
    fillGap,
  } = options;
  const provider = typeof options.token === 'function' ? options.token : undefined;
  let token = provider ? '' : (options.token as string);
  /** The one that the open connection goes by. */
  let tokenInUse = token;
  /** Where the paths of the interface begin. */
  const base = new URL(options.url ?? '.', global.location?.href).href
    .replace(/^ws/, 'http')
    .replace(/\/?$/, '/api/v1/');
  if (!WebSocket || !/^http/.test(base) || !(apiKey ?? options.token)) {
    throw new TypeError('url, token or WebSocket is missing');
  }

  let socket: ReturnType<typeof openSocket> | undefined;
  /** Fires when the client is closed. */
  const closing = new AbortController();
  /** Given up by `disconnect`. */
  let attempt = new AbortController();

  /** Makes a request and reads its JSON. @throws CandlegateError with the `Refusal`, and what `fetch` throws */
  async function request(
    path: string,
    { signal }: AbortController,
    method = 'GET',
  ): Promise<Record<string, never>> {
    const headers: Record<string, string> = apiKey
      ? { 'x-api-key': apiKey }
      : { authorization: `Bearer ${token}` };
    const response = await fetch(base + path, { method, headers, signal });
    const { ok, status } = response;
    // A proxy may answer with anything.
    const body = (await response.json().catch(() => {})) as
      Record<string, never> | null | undefined;
    if (ok && body) return body;
    const { code = 'unavailable', title = `HTTP ${status}`, detail = title } = body ?? {};
    const retryAfterMs = Number(response.headers.get('retry-after')) * 1000 || undefined;
    throw new CandlegateError(code, detail, status, retryAfterMs);
  }

  async function renew(purpose: CredentialPurpose, { signal }: AbortController): Promise<string> {
    if (provider) token = await ask(() => provider({ purpose, signal }));
    return token;
  }

  async function candles({ symbol, interval }: Channel, range: HistoryOptions): Promise<Candle[]> {
    const path = `candles/${symbol}/${interval}?${String(new URLSearchParams(range as Record<string, string>))}`;
    if (!token) await renew('connect', closing);
    const answer = await request(path, closing).catch(async (error: unknown) => {
      if (!provider || (error as { status?: number }).status !== 401) throw error;
      // The token of a connection that is long gone, say.
      await renew('refused', closing);
      return request(path, closing);
    });
    return answer['candles'] as never;
  }

  const port: Port = {
    emit,
    /** Finer than `Date.now()`, and it never goes back; pings make up for its drift. */
    now: () => performance.timeOrigin + performance.now(),
    random: Math.random,
    after: (ms, action) => {
      const timer = setTimeout(action, ms);
      return () => clearTimeout(timer);
    },
    isLasting: !!(apiKey ?? provider),
    async connect(purpose, listener) {
      const mine = (attempt = new AbortController());
      const answer = apiKey && (await request('auth/ticket', mine, 'POST'));
      const query = answer ? `?ticket=${String(answer['ticket'])}` : '';
      await renew(purpose, mine);
      mine.signal.throwIfAborted();
      tokenInUse = token;
      await new Promise<void>((failed) => {
        socket = openSocket(
          WebSocket,
          encoding,
          `${base.replace('http', 'ws')}live/ws${query}`,
          token,
          listener,
          failed,
        );
      });
      // A browser does not tell why a handshake failed: REST does.
      await request('live/channels', mine);
      throw new Error('no WebSocket');
    },
    disconnect() {
      attempt.abort();
      socket?.close();
      socket = undefined;
    },
    send: (message) => socket?.send(message),
    refresh: provider && (() => renew('refresh', attempt)),
    settleToken(isAccepted) {
      if (isAccepted) tokenInUse = token;
      else token = tokenInUse;
    },
    fetch: (gap) =>
      ask(() =>
        fillGap
          ? fillGap({ ...gap, signal: closing.signal })
          : candles(gap, { after: gap.after, limit: PAGE_CANDLES }),
      ),
  };
  return {
    ...port,
    candles,
    closing,
    use(next: string) {
      token = next;
    },
  };
}
