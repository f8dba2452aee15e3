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

/**
 * What the core has to reach a gateway with: one socket, REST requests, the token provider.
 *
 * @throws TypeError when an option is missing or wrong
 */
export function createTransport(options: ClientOptions, emit: Port['emit']) {
  const global = globalThis as Global;
  const {
    apiKey,
    token: given,
    encoding = json,
    WebSocket = global.WebSocket,
    fetch = global.fetch,
    fillGap,
  } = options;
  const provider = typeof given === 'function' ? given : undefined;
  let token = provider ? '' : (given as string);
  /** The one that the open connection goes by. */
  let tokenInUse = token;
  /** Where the paths of the interface begin. */
  const base = new URL(options.url ?? '.', global.location?.href).href
    .replace(/^ws/, 'http')
    .replace(/\/?$/, '/api/v1/');
  if (!WebSocket || !/^http/.test(base) || !(apiKey ?? given)) {
    throw new TypeError('no url, token or WebSocket');
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
  ): Promise<Record<string, string>> {
    const response = await fetch(base + path, {
      method,
      headers: apiKey ? { 'x-api-key': apiKey } : { authorization: `Bearer ${token}` },
      signal,
    });
    const { status } = response;
    // A proxy may answer with anything.
    const body = (await response.json().catch(() => {})) as
      Record<string, string> | null | undefined;
    if (response.ok && body) return body;
    const { code = 'unavailable', detail = `HTTP ${status}` } = body ?? {};
    const retryAfterMs = Number(response.headers.get('retry-after')) * 1000 || undefined;
    throw new CandlegateError(code, detail, status, retryAfterMs);
  }

  async function renew(purpose: CredentialPurpose, { signal }: AbortController): Promise<string> {
    // oxlint-disable-next-line typescript/await-thenable -- once the core has returned: a provider may call back
    await undefined;
    if (provider) token = await provider({ purpose, signal });
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
    return answer['candles'] as unknown as Candle[];
  }

  return {
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
      const ticket = apiKey && (await request('auth/ticket', mine, 'POST'))['ticket'];
      await renew(purpose, mine);
      mine.signal.throwIfAborted();
      tokenInUse = token;
      await new Promise<void>((failed) => {
        socket = openSocket(
          WebSocket,
          encoding,
          `${base.replace('http', 'ws')}live/ws${ticket ? `?ticket=${ticket}` : ''}`,
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
      socket?.close(1000);
    },
    send: (message) => socket?.send(JSON.stringify(message)),
    refresh: provider && (() => renew('refresh', attempt)),
    settleToken(isAccepted) {
      if (isAccepted) tokenInUse = token;
      else token = tokenInUse;
    },
    async fetch(gap) {
      // oxlint-disable-next-line typescript/await-thenable -- as above
      await undefined;
      return fillGap
        ? fillGap({ ...gap, signal: closing.signal })
        : candles(gap, { after: gap.after, limit: PAGE_CANDLES });
    },
    candles,
    closing,
    use(next: string) {
      token = next;
    },
  } satisfies Port & Record<string, unknown>;
}
