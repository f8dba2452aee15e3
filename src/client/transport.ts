import type { Candle } from '../candle/candle.ts';
import { intervalOf, symbolOf, type ChannelName } from '../candle/channel-name.ts';
import type { ServerMessage, Source } from '../candle/messages.ts';
import type { CoreEvent, Effect, Refusal } from './core/effects.ts';
import { HttpRefusal, request } from './http.ts';
import { json } from './json.ts';
import type { ClientOptions, Encoding, FetchLike, WebSocketConstructor } from './options.ts';
import type { CredentialPurpose } from './types.ts';
import { socketUrl, restUrl, subprotocols } from './address.ts';
import { openSocket, type Socket, type SocketListener } from './socket.ts';

/** Candles of an answer over REST at most. */
const PAGE_CANDLES = 1_000;

/** The effects that concern the world outside. */
export type TransportEffect = Exclude<Effect, { type: 'deliver' | 'end' | 'notify' }>;

export interface TransportListener {
  event(event: CoreEvent): void;
  received(message: ServerMessage): void;
}

/** What the core has to reach a gateway with: one socket, REST requests, the token provider. */
export class Transport {
  readonly #options: ClientOptions;
  readonly #listener: TransportListener;
  readonly #encoding: Encoding;
  readonly #fetch: FetchLike;
  readonly #WebSocket: WebSocketConstructor;
  readonly #base: URL;
  /** Fires when the client is closed. */
  readonly #closing = new AbortController();
  /** The attempt or the connection that is under way; given up by `abandon`. */
  #attempt = new AbortController();
  #socket: Socket | null = null;
  #token = '';
  #ticket = '';
  #source: Source = 'bybit';

  /** @throws TypeError when an option is missing or wrong */
  constructor(options: ClientOptions, listener: TransportListener) {
    const global = globalThis as {
      readonly WebSocket?: WebSocketConstructor;
      readonly fetch?: FetchLike;
      readonly location?: { readonly href: string };
      readonly addEventListener?: (name: string, listener: () => void, options: object) => void;
    };
    const { url, token, apiKey } = options;
    const here = global.location?.href;
    if (url === undefined && here === undefined) throw new TypeError('url is missing');
    if (token === undefined && apiKey === undefined) throw new TypeError('token is missing');
    const WebSocket = options.WebSocket ?? global.WebSocket;
    if (WebSocket === undefined) {
      throw new TypeError('There is no global WebSocket: give one in the option WebSocket');
    }
    this.#options = options;
    this.#listener = listener;
    this.#encoding = options.encoding ?? json;
    this.#WebSocket = WebSocket;
    this.#fetch = options.fetch ?? global.fetch?.bind(globalThis) ?? noFetch;
    this.#base = new URL(url ?? '.', here);
    if (url !== undefined) this.#base.pathname = this.#base.pathname.replace(/\/?$/, '/');
    if (!/^(http|ws)s?:$/.test(this.#base.protocol))
      throw new TypeError('url is no http or ws URL');
    if (typeof token === 'string') this.#token = token;
    const { signal } = this.#closing;
    global.addEventListener?.('online', () => listener.event({ type: 'wake' }), { signal });
  }

  useToken(token: string): void {
    this.#token = token;
  }

  close(): void {
    this.#closing.abort();
  }

  carryOut(effect: TransportEffect): void {
    switch (effect.type) {
      case 'authenticate':
        void this.#authenticate(effect.purpose, this.#renewAttempt());
        return;
      case 'refresh':
        void this.#refresh(this.#attempt.signal);
        return;
      case 'open':
        this.#open();
        return;
      case 'diagnose':
        void this.#diagnose(this.#attempt.signal);
        return;
      case 'send':
        this.#socket?.send(effect.message);
        return;
      case 'abandon':
        this.#renewAttempt();
        this.#socket?.abandon();
        this.#socket = null;
        return;
      case 'fetch':
        void this.#fetchPage(effect);
    }
  }

  /** Candles over REST. @throws HttpRefusal */
  async candles(
    channel: ChannelName,
    range: { readonly limit?: number; readonly before?: number; readonly after?: number },
    signal: AbortSignal = this.#closing.signal,
  ): Promise<{ readonly source: Source; readonly candles: readonly Candle[] }> {
    const query = Object.entries(range).map(([name, value]) => `${name}=${value}`);
    const path = `candles/${symbolOf(channel)}/${intervalOf(channel)}?${query.join('&')}`;
    const { token } = this.#options;
    const isProvider = typeof token === 'function';
    if (isProvider && this.#token === '') this.#token = await token({ purpose: 'connect', signal });
    try {
      return (await this.#request('GET', path, signal)) as never;
    } catch (error) {
      const isRefused = error instanceof HttpRefusal && error.refusal.status === 401;
      if (!isRefused || !isProvider) throw error;
      // The token of a connection that is long gone, say.
      this.#token = await token({ purpose: 'refused', signal });
      return (await this.#request('GET', path, signal)) as never;
    }
  }

  #renewAttempt(): AbortSignal {
    this.#attempt.abort();
    this.#attempt = new AbortController();
    return this.#attempt.signal;
  }

  #request(method: string, path: string, signal: AbortSignal): Promise<Record<string, unknown>> {
    const { apiKey } = this.#options;
    const headers: Record<string, string> =
      apiKey === undefined ? { authorization: `Bearer ${this.#token}` } : { 'x-api-key': apiKey };
    return request(this.#fetch, method, restUrl(this.#base, path), headers, signal);
  }

  async #authenticate(purpose: CredentialPurpose, signal: AbortSignal): Promise<void> {
    const { token, apiKey } = this.#options;
    try {
      if (apiKey !== undefined) {
        const answer = await this.#request('POST', 'auth/ticket', signal);
        this.#ticket = String(answer['ticket']);
      } else if (typeof token === 'function') {
        this.#token = await token({ purpose, signal });
      }
      if (!signal.aborted) this.#listener.event({ type: 'credential' });
    } catch (error) {
      if (signal.aborted) return;
      this.#listener.event(
        error instanceof HttpRefusal
          ? { type: 'refused', refusal: error.refusal }
          : { type: 'credential_failed', reason: providerFailure(error) },
      );
    }
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    const { token } = this.#options;
    if (typeof token !== 'function') return;
    try {
      this.#token = await token({ purpose: 'refresh', signal });
      if (!signal.aborted) this.#listener.event({ type: 'token', token: this.#token });
    } catch (error) {
      if (!signal.aborted)
        this.#listener.event({ type: 'token_failed', reason: providerFailure(error) });
    }
  }

  #open(): void {
    const { apiKey } = this.#options;
    const isKey = apiKey !== undefined;
    const url = socketUrl(this.#base, isKey ? this.#ticket : null);
    const protocols = subprotocols(this.#encoding.protocol, isKey ? null : this.#token);
    const closed = (code: number, reason: string) => {
      this.#socket = null;
      this.#listener.event({ type: 'socket_closed', code, reason });
    };
    const listener: SocketListener = {
      opened: () => this.#listener.event({ type: 'socket_opened' }),
      received: (message) => {
        if (message.type === 'welcome') this.#source = message.source;
        this.#listener.received(message);
      },
      closed,
    };
    try {
      this.#socket = openSocket(this.#WebSocket, url, protocols, this.#encoding.open(), listener);
    } catch (error) {
      // A page of https: may not connect to ws:, for instance.
      closed(1006, String(error));
    }
  }

  async #diagnose(signal: AbortSignal): Promise<void> {
    const message = 'The connection could not be made.';
    let refusal: Refusal = { status: 200, code: 'unavailable', message, retryAfterMs: null };
    try {
      await this.#request('GET', 'live/channels', signal);
    } catch (error) {
      if (error instanceof HttpRefusal) ({ refusal } = error);
    }
    if (!signal.aborted) this.#listener.event({ type: 'refused', refusal });
  }

  async #fetchPage(effect: Extract<Effect, { type: 'fetch' }>): Promise<void> {
    const { request: id, channel, after, before } = effect;
    const { signal } = this.#closing;
    const { fillGap } = this.#options;
    try {
      const page =
        fillGap === undefined
          ? await this.candles(channel, { after, limit: PAGE_CANDLES }, signal)
          : {
              source: this.#source,
              candles: await fillGap({
                channel,
                symbol: symbolOf(channel),
                interval: intervalOf(channel),
                after,
                before,
                signal,
              }),
            };
      this.#listener.event({ type: 'page', request: id, ...page });
    } catch (error) {
      const refusal =
        error instanceof HttpRefusal
          ? error.refusal
          : { ...providerFailure(error), status: 0, retryAfterMs: null };
      this.#listener.event({ type: 'page_failed', request: id, refusal });
    }
  }
}

const noFetch: FetchLike = () => Promise.reject(new Error('There is no fetch.'));

/** What a function of the user's threw. */
function providerFailure(error: unknown): { readonly code: string; readonly message: string } {
  return { code: 'unavailable', message: error instanceof Error ? error.message : String(error) };
}
