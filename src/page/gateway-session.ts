import {
  CandlegateClient,
  type ChannelName,
  type Candle,
  type ClockEstimate,
  type FeedState,
  type ReceivedCandle,
  type Subscription,
  type Welcome,
} from '../client/index.ts';
import { fullJitterDelay } from '../client/core/backoff.ts';
import type { ClientMessage, ServerMessage } from '../candle/messages.ts';
import { splitChannel } from './address.ts';
import { isOpen, phaseOf, type Phase } from './phase.ts';
import type { CheckOutcome } from './token-check.ts';

/** Closed candles that a channel begins with. */
export const SNAPSHOT_CANDLES = 300;
/** How long the check of a token may take. */
const CHECK_TIMEOUT_MS = 10_000;

export interface SessionListener {
  onPhase(phase: Phase): void;
  /** The token was accepted, and these channels are served. */
  onServed(outcome: Extract<CheckOutcome, { status: 'accepted' }>): void;
  /** One of a watched channel's, live or not. */
  onCandle(candle: ReceivedCandle): void;
  onReceived(message: ServerMessage, at: number): void;
  onSent(message: ClientMessage, at: number): void;
  /** Something that the user should read but that does not end the connection. */
  onNotice(text: string): void;
}

export interface SessionDeps {
  readonly checkToken: (token: string, signal: AbortSignal) => Promise<CheckOutcome>;
  /** `start` of the last closed candle that the page holds of a channel, or null. */
  readonly lastClosed: (channel: ChannelName) => number | null;
  /** ms since 1970. */
  readonly now: () => number;
  readonly listener: SessionListener;
}

/**
 * The page's use of the client library: the check of a token, which also tells what is served, then one
 * client with a subscription for each watched channel.
 */
export class GatewaySession {
  readonly #deps: SessionDeps;
  readonly #subscriptions = new Map<ChannelName, Subscription>();
  readonly #feeds = new Map<ChannelName, FeedState>();
  #watched: readonly ChannelName[] = [];
  #phase: Phase = { name: 'idle' };
  #client: CandlegateClient | null = null;
  #token = '';
  /** Sent with `auth` and not answered yet. */
  #newToken: string | null = null;
  #check: AbortController | null = null;
  #attempts = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #welcome: Welcome | null = null;
  #openedAt: number | null = null;
  #expiresAt: number | null = null;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
  }

  get phase(): Phase {
    return this.#phase;
  }
  get token(): string {
    return this.#token;
  }
  get clock(): ClockEstimate | null {
    return this.#client?.clock ?? null;
  }
  /** Of the connection that is open. */
  get welcome(): Welcome | null {
    return isOpen(this.#phase) ? this.#welcome : null;
  }
  /** When the open connection was opened, ms since 1970. */
  get openedAt(): number | null {
    return isOpen(this.#phase) ? this.#openedAt : null;
  }
  /** When the token ends, ms since 1970 by the gateway's clock. */
  get expiresAt(): number | null {
    return isOpen(this.#phase) ? this.#expiresAt : null;
  }
  /** What the gateway last said of a channel. */
  feed(channel: ChannelName): FeedState | null {
    return this.#feeds.get(channel) ?? null;
  }

  connect(token: string): void {
    this.#end();
    this.#token = token;
    this.#attempts = 0;
    this.#startCheck();
  }

  disconnect(): void {
    this.#end();
    this.#setPhase({ name: 'idle' });
  }

  /** Puts another token in place without reconnecting. */
  refresh(token: string): void {
    this.#newToken = token;
    this.#client?.updateToken(token);
  }

  /** Subscribes to these channels and no others, now and on every connection to come. */
  watch(channels: readonly ChannelName[]): void {
    this.#watched = channels;
    const client = this.#client;
    if (client === null) return;
    for (const channel of channels) {
      if (this.#subscriptions.has(channel)) continue;
      this.#subscribe(client, channel);
    }
    for (const [channel, subscription] of this.#subscriptions) {
      if (channels.includes(channel)) continue;
      this.#subscriptions.delete(channel);
      subscription.close();
    }
  }

  /** Closed candles before `before`, the newest `limit` ones, oldest first. Rejects with a sentence. */
  async history(channel: ChannelName, before: number, limit: number): Promise<Candle[]> {
    if (this.#client === null) throw new Error('There is no connection.');
    const { symbol, interval } = splitChannel(channel);
    return this.#client.history(symbol, interval, { before, limit });
  }

  #setPhase(phase: Phase): void {
    this.#phase = phase;
    this.#deps.listener.onPhase(phase);
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#check?.abort();
    this.#check = null;
    const client = this.#client;
    this.#client = null;
    this.#newToken = null;
    this.#subscriptions.clear();
    client?.close();
  }

  #startCheck(): void {
    const controller = new AbortController();
    this.#check = controller;
    this.#setPhase({ name: 'checking', retryAt: null, why: null });
    const signal = AbortSignal.any([controller.signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)]);
    const failed = { status: 'unavailable', why: 'The gateway did not answer in time.' } as const;
    void this.#deps
      .checkToken(this.#token, signal)
      .catch((): CheckOutcome => failed)
      .then((outcome) => {
        if (this.#check !== controller) return;
        this.#check = null;
        this.#checked(outcome);
      });
  }

  #checked(outcome: CheckOutcome): void {
    switch (outcome.status) {
      case 'accepted':
        this.#deps.listener.onServed(outcome);
        this.#open();
        return;
      case 'refused':
        this.#setPhase({ name: 'closed', why: outcome.why, mend: 'token' });
        return;
      case 'unavailable': {
        const { why, retryAfterMs } = outcome;
        const delay = retryAfterMs ?? fullJitterDelay(this.#attempts, Math.random());
        this.#attempts += 1;
        this.#timer = setTimeout(() => this.#startCheck(), delay);
        this.#setPhase({ name: 'checking', retryAt: this.#deps.now() + delay, why });
      }
    }
  }

  #open(): void {
    const client = new CandlegateClient({ token: this.#token });
    this.#client = client;
    const { listener } = this.#deps;
    /** A client that has been given up may still speak; it is not heard. */
    const heard =
      <Detail>(take: (detail: Detail) => void) =>
      (detail: Detail): void => {
        if (this.#client === client) take(detail);
      };
    client.on(
      'state',
      heard((state) => this.#setPhase(phaseOf(state))),
    );
    client.on(
      'welcome',
      heard((welcome) => {
        this.#welcome = welcome;
        this.#expiresAt = welcome.expiresAt;
        this.#openedAt = this.#deps.now();
      }),
    );
    client.on(
      'error',
      heard(({ code, message }) => this.#failed(code, message)),
    );
    client.on(
      'expiring',
      heard(() => listener.onNotice('The token ends soon: enter a new one to stay connected.')),
    );
    client.on(
      'repair',
      heard(({ candles, complete }) => listener.onNotice(repairText(candles, complete))),
    );
    client.on(
      'wire',
      heard(({ direction, message, at }) => {
        if (direction === 'out') listener.onSent(message as ClientMessage, at);
        else this.#receive(message as ServerMessage, at);
      }),
    );
    this.#setPhase(phaseOf(client.state));
    this.watch(this.#watched);
  }

  #subscribe(client: CandlegateClient, channel: ChannelName): void {
    const { symbol, interval } = splitChannel(channel);
    const since = this.#deps.lastClosed(channel);
    const { listener } = this.#deps;
    const subscription = client.subscribe(
      symbol,
      interval,
      (candle) => {
        if (this.#client === client) listener.onCandle(candle);
      },
      {
        ...(since === null ? { snapshot: SNAPSHOT_CANDLES } : { since }),
        onEnd: ({ message }) => {
          this.#subscriptions.delete(channel);
          if (this.#client === client && this.#phase.name !== 'closed') listener.onNotice(message);
        },
      },
    );
    this.#subscriptions.set(channel, subscription);
  }

  #receive(message: ServerMessage, at: number): void {
    const { listener } = this.#deps;
    const { type } = message;
    if (type === 'subscribed' || type === 'heartbeat') {
      for (const { channel, state } of message.channels) this.#feeds.set(channel, state);
    } else if (type === 'authenticated') {
      this.#token = this.#newToken ?? this.#token;
      this.#newToken = null;
      this.#expiresAt = message.expiresAt;
      listener.onNotice('The new token is in force.');
    } else if (type === 'going_away') {
      listener.onNotice('The gateway is going away; this page moves by itself.');
    }
    listener.onReceived(message, at);
  }

  #failed(code: string, message: string): void {
    const { listener } = this.#deps;
    // Why an attempt has failed is a part of the phase.
    if (code === 'unavailable') return;
    if (this.#newToken !== null && /token|subject/.test(code)) {
      this.#newToken = null;
      listener.onNotice(`The new token was refused: ${message}`);
    } else listener.onNotice(message);
  }
}

function repairText(candles: number, isComplete: boolean): string {
  const found = `${candles} closed candle${candles === 1 ? '' : 's'} fetched over REST`;
  return isComplete
    ? `A gap was repaired: ${found}.`
    : `History no longer reaches back to the last candle seen: ${found}, some are missing.`;
}
