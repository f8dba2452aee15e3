import { createCore } from './core/core.ts';
import { parseChannel, type Channel } from './interval.ts';
import type { CandlesOptions, ClientOptions, HistoryOptions, SubscribeOptions } from './options.ts';
import { candleStream, type Reading } from './stream.ts';
import { createTransport } from './transport.ts';
import { CandlegateError } from './types.ts';
import type {
  Candle,
  CandleStream,
  ChannelName,
  ClientEvents,
  ClientState,
  ClockEstimate,
  CloseReason,
  ReceivedCandle,
} from './types.ts';

/** A subscription with a listener. */
export interface Subscription {
  readonly channel: ChannelName;
  close(): void;
}

export interface ListenOptions extends SubscribeOptions {
  /** The subscription has ended without `close()` of its own: it was refused, or the client closed. */
  readonly onEnd?: (reason: CloseReason) => void;
}

/**
 * Candles of a candlegate gateway, over one WebSocket that is opened with the first subscription, made
 * anew whenever it is lost, and closed with the last subscription. The protocol is in `core/`; this
 * class carries out what that decides.
 */
export class CandlegateClient {
  readonly #transport: ReturnType<typeof createTransport>;
  readonly #core: ReturnType<typeof createCore>;
  readonly #listeners: { [Name in keyof ClientEvents]?: Set<(detail: never) => void> } = {};
  readonly #signal: AbortSignal | undefined;

  /** @throws TypeError when an option is missing or wrong */
  constructor(options: ClientOptions) {
    const { receipts = true, signal } = options;
    this.#transport = createTransport(options, (name, detail) => this.#emit(name, detail));
    this.#core = createCore(this.#transport, receipts);
    this.#signal = signal;
    (globalThis as { addEventListener?: AbortSignal['addEventListener'] }).addEventListener?.(
      'online',
      () => this.reconnect(),
      this.#transport.closing,
    );
    const abort = () => this.#close('aborted');
    signal?.addEventListener('abort', abort, this.#transport.closing);
    if (signal?.aborted) abort();
  }

  get state(): ClientState {
    return this.#core.state();
  }

  /** How the gateway's clock differs from this machine's; null before that is known. */
  get clock(): ClockEstimate | null {
    return this.#core.clock();
  }

  /** Calls `listener` with every event of that name. @returns what ends that */
  on<Name extends keyof ClientEvents>(
    name: Name,
    listener: (detail: ClientEvents[Name]) => void,
  ): () => void {
    const listeners: Set<(detail: never) => void> = (this.#listeners[name] ??= new Set());
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /**
   * The candles of a channel as one sequence: a snapshot, then what comes. Every closed candle comes
   * once and in order of `start`, across reconnects too. The iteration ends with `close()`, and rejects
   * with a `CandlegateError` when it is refused, or with the reason of an aborted signal.
   *
   * @param symbol in any case
   * @param interval Bybit's spelling, or an alias: `1m`, `4h`, `1d`, …; what is none is refused by the
   *   gateway, as `unknown_channel`
   */
  candles(symbol: string, interval: string, options: CandlesOptions = {}): CandleStream {
    const channel = parseChannel(symbol, interval);
    const { signal, buffer = 1_000 } = options;
    return candleStream(
      (push, end) =>
        this.#read(channel, options, Math.max(1, buffer), push, ({ code, message }) =>
          end(
            code === 'closed'
              ? undefined
              : (this.#signal?.reason ?? new CandlegateError(code, message)),
          ),
        ),
      signal,
    );
  }

  /**
   * The same as calls of `listener`, one after the other; nothing waits for it, so every update of an
   * open candle comes too.
   */
  subscribe(
    symbol: string,
    interval: string,
    listener: (candle: ReceivedCandle) => void,
    options: ListenOptions = {},
  ): Subscription {
    const channel = parseChannel(symbol, interval);
    let isOpen = true;
    const later =
      <Detail>(call: ((detail: Detail) => void) | undefined) =>
      (detail: Detail) =>
        queueMicrotask(() => isOpen && call?.(detail));
    const { close } = this.#read(channel, options, Infinity, later(listener), later(options.onEnd));
    return {
      ...channel,
      close() {
        isOpen = false;
        close();
      },
    };
  }

  /**
   * Closed candles that the gateway still has, over REST, in order of `start`; the open one comes last
   * where `before` is not given. Given `after` and no `before` the oldest ones, else the newest.
   *
   * @throws CandlegateError with the gateway's problem code, or `unavailable`
   */
  async history(symbol: string, interval: string, options: HistoryOptions = {}): Promise<Candle[]> {
    return this.#transport.candles(parseChannel(symbol, interval), options);
  }

  /**
   * Puts another token in place of a fixed one, on the open connection too. If the gateway refuses it there,
   * that is an `error` event, and the one before it stays.
   */
  updateToken(token: string): void {
    this.#transport.use(token);
    this.#core.authenticate(token);
  }

  /** Makes a retry that waits at once. Browsers do that by themselves when the network is back. */
  reconnect(): void {
    this.#core.wake();
  }

  /** Ends everything; iterations end without an error. */
  close(): void {
    this.#close('closed');
  }

  #emit<Name extends keyof ClientEvents>(name: Name, detail: ClientEvents[Name]): void {
    // Later, so that nothing that it calls or throws comes in between here.
    this.#listeners[name]?.forEach((listener) => queueMicrotask(() => listener(detail as never)));
  }

  #close(code: string): void {
    this.#core.close({ code, message: code });
    this.#transport.closing.abort(this.#signal?.reason);
  }

  #read(
    channel: Channel,
    { snapshot = 1, since = NaN }: SubscribeOptions,
    capacity: number,
    push: (candle: ReceivedCandle) => void,
    end: (reason: CloseReason) => void,
  ): Reading {
    return this.#core.subscribe({
      ...channel,
      snapshot,
      last: since,
      capacity,
      push: (candle) => {
        this.#emit('candle', candle);
        push(candle);
      },
      end,
    });
  }
}
