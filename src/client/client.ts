import type { ClientMessage, ServerMessage } from '../candle/messages.ts';
import { channelName } from './core/channel-name.ts';
import { ClientCore } from './core/core.ts';
import type { CoreEvent, Effect } from './core/effects.ts';
import { Emitter } from './emitter.ts';
import { HttpRefusal } from './http.ts';
import type { CandlesOptions, ClientOptions, SubscribeOptions } from './options.ts';
import { CandleStream, failureOf } from './stream.ts';
import { Transport } from './transport.ts';
import type {
  Candle,
  ChannelName,
  ClientEvents,
  ClientState,
  ClockEstimate,
  CloseReason,
  ReceivedCandle,
} from './types.ts';

const DEFAULT_BUFFER = 1_000;

/** Who gets the candles of a reader. */
interface Receiver {
  push(candle: ReceivedCandle): void;
  end(reason: CloseReason): void;
}

/** A subscription with a listener. */
export interface Subscription {
  readonly channel: ChannelName;
  close(): void;
}

export interface ListenOptions extends SubscribeOptions {
  /** The subscription has ended without `close()` of its own: it was refused, or the client closed. */
  readonly onEnd?: (reason: CloseReason) => void;
}

export interface HistoryOptions {
  /** Closed candles at most, 1 to 1000. Default: 100. */
  readonly limit?: number;
  /** Only candles that start before this, ms since 1970. */
  readonly before?: number;
  /** Only candles that start after this, ms since 1970. */
  readonly after?: number;
}

/** Finer than `Date.now()`, and it never goes back; pings make up for its drift. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * Candles of a candlegate gateway, over one WebSocket that is opened with the first subscription, made
 * anew whenever it is lost, and closed with the last subscription. The protocol is in `core/`; this
 * class carries out what that decides.
 */
export class CandlegateClient {
  readonly #transport: Transport;
  readonly #core: ClientCore;
  readonly #emitter = new Emitter<ClientEvents>();
  readonly #receivers = new Map<number, Receiver>();
  readonly #signal: AbortSignal | undefined;
  #lastReader = 0;
  readonly #queue: CoreEvent[] = [];
  #isRunning = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #state = '';
  readonly #abort = () => this.#close({ code: 'aborted', message: 'The client was aborted.' });

  /** @throws TypeError when an option is missing or wrong */
  constructor(options: ClientOptions) {
    const { apiKey, token, receipts = true, signal } = options;
    const isProvider = typeof token === 'function';
    const credential = apiKey !== undefined ? 'api_key' : isProvider ? 'provider' : 'token';
    this.#core = new ClientCore({ credential, receipts });
    this.#state = JSON.stringify(this.#core.state);
    this.#transport = new Transport(options, {
      event: (event) => this.#dispatch(event),
      received: (message) => this.#receive(message),
    });
    this.#signal = signal;
    if (signal?.aborted === true) this.#abort();
    else signal?.addEventListener('abort', this.#abort, { once: true });
  }

  get state(): ClientState {
    return this.#core.state;
  }

  /** How the gateway's clock differs from this machine's; null before that is known. */
  get clock(): ClockEstimate | null {
    return this.#core.clock;
  }

  /** Calls `listener` with every event of that name. @returns what ends that */
  on<Name extends keyof ClientEvents>(
    name: Name,
    listener: (detail: ClientEvents[Name]) => void,
  ): () => void {
    return this.#emitter.on(name, listener);
  }

  /**
   * The candles of a channel as one sequence: a snapshot, then what comes. Every closed candle comes
   * once and in order of `start`, across reconnects too. The iteration ends with `close()`, and rejects
   * with a `CandlegateError` when it is refused, or with the reason of an aborted signal.
   *
   * @param symbol in any case
   * @param interval Bybit's spelling, or an alias: `1m`, `4h`, `1d`, …
   * @throws CandlegateError when one of them is malformed
   */
  candles(symbol: string, interval: string, options: CandlesOptions = {}): CandleStream {
    const channel = channelName(symbol, interval);
    const { signal, buffer = DEFAULT_BUFFER } = options;
    const id = this.#nextReader();
    const abort = () => {
      this.#unsubscribe(id);
      stream.finish(signal?.reason);
    };
    const stream: CandleStream = new CandleStream({
      open: () => {
        if (signal?.aborted === true) {
          stream.finish(signal.reason);
          return;
        }
        signal?.addEventListener('abort', abort, { once: true });
        this.#subscribe(id, channel, options, Math.max(1, buffer), {
          push: (candle) => stream.push(candle),
          end: (reason) => {
            signal?.removeEventListener('abort', abort);
            const isAborted = reason.code === 'aborted';
            stream.finish(isAborted ? this.#signal?.reason : failureOf(reason));
          },
        });
      },
      consumed: () => this.#dispatch({ type: 'consumed', reader: id, count: 1 }),
      close: () => {
        signal?.removeEventListener('abort', abort);
        this.#unsubscribe(id);
      },
    });
    return stream;
  }

  /**
   * The same as calls of `listener`, one after the other; nothing waits for it, so every update of an
   * open candle comes too.
   *
   * @throws CandlegateError when symbol or interval is malformed
   */
  subscribe(
    symbol: string,
    interval: string,
    listener: (candle: ReceivedCandle) => void,
    options: ListenOptions = {},
  ): Subscription {
    const channel = channelName(symbol, interval);
    const id = this.#nextReader();
    this.#subscribe(id, channel, options, Infinity, {
      push: listener,
      end: (reason) => options.onEnd?.(reason),
    });
    return { channel, close: () => this.#unsubscribe(id) };
  }

  /**
   * Closed candles that the gateway still has, over REST, in order of `start`; the open one comes last
   * where `before` is not given. Given `after` and no `before` the oldest ones, else the newest.
   *
   * @throws CandlegateError with the gateway's problem code, or `unavailable`
   */
  async history(symbol: string, interval: string, options: HistoryOptions = {}): Promise<Candle[]> {
    const channel = channelName(symbol, interval);
    try {
      const { candles } = await this.#transport.candles(channel, options, this.#signal);
      return [...candles];
    } catch (error) {
      this.#signal?.throwIfAborted();
      throw error instanceof HttpRefusal ? failureOf(error.refusal) : error;
    }
  }

  /** Puts another token in place of a fixed one, on the open connection too. */
  updateToken(token: string): void {
    this.#transport.useToken(token);
    this.#dispatch({ type: 'token', token });
  }

  /** Makes a retry that waits at once. Browsers do that by themselves when the network is back. */
  reconnect(): void {
    this.#dispatch({ type: 'wake' });
  }

  /** Ends everything; iterations end without an error. */
  close(): void {
    this.#close({ code: 'closed', message: 'The client was closed.' });
  }

  #close(reason: CloseReason): void {
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#dispatch({ type: 'close', reason });
    this.#transport.close();
  }

  #nextReader(): number {
    this.#lastReader += 1;
    return this.#lastReader;
  }

  #subscribe(
    id: number,
    channel: ChannelName,
    { snapshot = 1, since = null }: { readonly snapshot?: number; readonly since?: number | null },
    credit: number,
    receiver: Receiver,
  ): void {
    this.#receivers.set(id, receiver);
    this.#dispatch({ type: 'subscribe', reader: { id, channel, snapshot, since, credit } });
  }

  #unsubscribe(id: number): void {
    if (this.#receivers.delete(id)) this.#dispatch({ type: 'unsubscribe', reader: id });
  }

  #receive(message: ServerMessage): void {
    const at = now();
    this.#emitter.emit('wire', { direction: 'in', message, at });
    this.#dispatch({ type: 'received', message }, at);
  }

  /** Feeds an event to the core. Events that come while its effects are carried out wait their turn. */
  #dispatch(event: CoreEvent, at = now()): void {
    this.#queue.push(event);
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        for (const effect of this.#core.handle(next, at, Math.random())) this.#carryOut(effect);
        this.#noteState();
      }
    } finally {
      this.#isRunning = false;
    }
    this.#setTimer();
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'deliver':
        this.#emitter.emit('candle', effect.candle);
        this.#emitter.shield(() => this.#receivers.get(effect.reader)?.push(effect.candle));
        return;
      case 'end': {
        const receiver = this.#receivers.get(effect.reader);
        this.#receivers.delete(effect.reader);
        this.#emitter.shield(() => receiver?.end(effect.reason));
        return;
      }
      case 'notify':
        this.#emitter.emit(effect.event.name, effect.event.detail);
        return;
      case 'send':
        this.#noteSent(effect.message);
        this.#transport.carryOut(effect);
        return;
      case 'authenticate':
      case 'refresh':
      case 'open':
      case 'diagnose':
      case 'abandon':
      case 'fetch':
        this.#transport.carryOut(effect);
    }
  }

  #noteSent(message: ClientMessage): void {
    const shown = message.type === 'auth' ? { ...message, token: '…' } : message;
    this.#emitter.emit('wire', { direction: 'out', message: shown, at: now() });
  }

  #noteState(): void {
    const { state } = this.#core;
    const text = JSON.stringify(state);
    if (text === this.#state) return;
    this.#state = text;
    this.#emitter.emit('state', state);
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    const deadline = this.#core.nextDeadline();
    if (deadline === Infinity) return;
    const delay = Math.max(0, Math.ceil(deadline - now()));
    this.#timer = setTimeout(() => this.#dispatch({ type: 'tick' }), delay);
  }
}
