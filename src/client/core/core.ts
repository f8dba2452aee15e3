import type { ServerMessage } from '../../candle/messages.ts';
import type { ClientState, ClockEstimate, CloseReason, CredentialPurpose } from '../types.ts';
import { fullJitterDelay } from './backoff.ts';
import { closePolicy } from './close-policy.ts';
import { isTemporary, type CoreEvent, type Effect, type Refusal } from './effects.ts';
import { hopLatencies } from './hops.ts';
import { Pinger } from './pinger.ts';
import { Receipts } from './receipts.ts';
import { Subscriptions } from './subscriptions.ts';

/** How long a credential, a handshake or the question why it failed may take. */
export const CONNECT_TIMEOUT_MS = 10_000;
/** A connection that held this long starts the backoff anew. */
export const STABLE_MS = 10_000;
/** A provider whose tokens are refused this often in a row is not asked again. */
export const MAX_REFUSED_CREDENTIALS = 3;
/** Between two attempts to refresh a token. */
export const REFRESH_RETRY_MS = 5_000;

/** All instants are ms since 1970. */
type Phase =
  | { readonly name: 'idle' }
  /** A credential is being made ready, a socket opened, or the reason of its failure found. */
  | { readonly name: 'authenticating' | 'opening' | 'diagnosing'; readonly deadline: number }
  | { readonly name: 'open'; readonly openedAt: number; readonly pinger: Pinger }
  | { readonly name: 'waiting'; readonly retryAt: number }
  | { readonly name: 'closed'; readonly reason: CloseReason };

export interface CoreSettings {
  /** What the credential is; only a provider can be asked for another token. */
  readonly credential: 'token' | 'provider' | 'api_key';
  /** Whether to report receipt times. */
  readonly receipts: boolean;
}

/**
 * The client's side of PROTOCOL.md without any transport: events and the time go in, effects come out
 * for a shell to carry out. It opens nothing, waits for nothing and reads no clock.
 */
export class ClientCore {
  readonly #settings: CoreSettings;
  readonly #subscriptions = new Subscriptions();
  readonly #receipts = new Receipts();
  #phase: Phase = { name: 'idle' };
  /** Failed attempts since the last connection that held. */
  #attempts = 0;
  #refusedCredentials = 0;
  #purpose: CredentialPurpose = 'connect';
  /** Why the last attempt or connection ended, in a sentence. */
  #why: string | null = null;
  /** The delay that `going_away` asked for, until the close that follows it. */
  #goingAwayMs: number | null = null;
  /** Whether anything was ever up to date. */
  #wasLive = false;
  /** When the token is to be refreshed, and until when it is good; Infinity: not at all. */
  #refreshAt = Infinity;
  #authId = 0;

  constructor(settings: CoreSettings) {
    this.#settings = settings;
  }

  /** What pings have told of the gateway's clock; null before the first answer. */
  get clock(): ClockEstimate | null {
    return this.#phase.name === 'open' ? this.#phase.pinger.clock : null;
  }

  get state(): ClientState {
    const phase = this.#phase;
    if (phase.name === 'idle') return { name: 'idle' };
    if (phase.name === 'closed') return { name: 'closed', reason: phase.reason };
    const { some, all } = this.#subscriptions.progress();
    if (phase.name === 'open' && (this.#wasLive ? all : some)) {
      const channels = this.#subscriptions.staleChannels;
      return channels.length > 0 ? { name: 'stale', channels } : { name: 'live' };
    }
    const retryAt = phase.name === 'waiting' ? phase.retryAt : null;
    return { name: this.#wasLive ? 'resuming' : 'connecting', retryAt, why: this.#why };
  }

  /** When the next `tick` is due, ms since 1970; Infinity when nothing waits for the time. */
  nextDeadline(): number {
    const phase = this.#phase;
    switch (phase.name) {
      case 'idle':
      case 'closed':
        return Infinity;
      case 'waiting':
        return phase.retryAt;
      case 'open':
        return Math.min(
          phase.pinger.nextDeadline(),
          this.#subscriptions.nextDeadline(),
          this.#refreshAt,
        );
      case 'authenticating':
      case 'opening':
      case 'diagnosing':
        return phase.deadline;
    }
  }

  /**
   * @param now ms since 1970
   * @param random a number in [0, 1), spent on the jitter of a retry
   */
  handle(event: CoreEvent, now: number, random: number): readonly Effect[] {
    const out: Effect[] = [];
    if (this.#phase.name === 'closed') {
      if (event.type === 'subscribe') {
        out.push({ type: 'end', reader: event.reader.id, reason: this.#phase.reason });
      }
      return out;
    }
    this.#take(event, now, random, out);
    this.#subscriptions.ask(now, out);
    this.#wasLive ||= this.#phase.name === 'open' && this.#subscriptions.progress().some;
    return out;
  }

  #take(event: CoreEvent, now: number, random: number, out: Effect[]): void {
    const subscriptions = this.#subscriptions;
    const phase = this.#phase.name;
    switch (event.type) {
      case 'subscribe':
        subscriptions.add(event.reader);
        if (phase === 'idle') this.#begin(now, out);
        return;
      case 'unsubscribe':
        subscriptions.remove(event.reader, out);
        this.#restIfEmpty(out);
        return;
      case 'consumed':
        subscriptions.consumed(event.reader, event.count);
        return;
      case 'close':
        this.#close(event.reason, out);
        return;
      case 'credential':
        if (phase !== 'authenticating') return;
        this.#phase = { name: 'opening', deadline: now + CONNECT_TIMEOUT_MS };
        out.push({ type: 'open' });
        return;
      case 'token':
        if (phase === 'open') this.#authenticate(event.token, out);
        return;
      case 'token_failed':
        this.#report(event.reason, out);
        this.#refreshAt = now + REFRESH_RETRY_MS;
        return;
      case 'socket_opened':
        if (phase !== 'opening') return;
        this.#phase = { name: 'open', openedAt: now, pinger: new Pinger(now) };
        subscriptions.connected();
        return;
      case 'socket_closed':
        this.#ended(event.code, event.reason, now, random, out);
        return;
      case 'credential_failed':
        if (phase !== 'authenticating') return;
        this.#report(event.reason, out);
        this.#retry(event.reason.message, null, now, random);
        return;
      case 'refused':
        if (phase === 'authenticating' || phase === 'diagnosing') {
          this.#refused(event.refusal, now, random, out);
        }
        return;
      case 'received':
        if (phase === 'open') this.#receive(event.message, now, out);
        return;
      case 'page':
        subscriptions.page(event.request, event.source, event.candles, now, out);
        return;
      case 'page_failed':
        subscriptions.pageFailed(event.request, event.refusal, now, random, out);
        return;
      case 'wake':
        if (phase === 'waiting') this.#begin(now, out);
        return;
      case 'tick':
        if (now >= this.nextDeadline()) this.#tick(now, random, out);
    }
  }

  #begin(now: number, out: Effect[]): void {
    this.#phase = { name: 'authenticating', deadline: now + CONNECT_TIMEOUT_MS };
    out.push({ type: 'authenticate', purpose: this.#purpose });
  }

  #restIfEmpty(out: Effect[]): void {
    if (!this.#subscriptions.isEmpty || this.#phase.name === 'idle') return;
    this.#leave({ name: 'idle' });
    this.#wasLive = false;
    out.push({ type: 'abandon' });
  }

  #close(reason: CloseReason, out: Effect[]): void {
    this.#leave({ name: 'closed', reason });
    out.push({ type: 'abandon' });
    this.#subscriptions.endAll(reason, out);
  }

  /** Without a socket; what was learnt about the last one no longer holds. */
  #leave(phase: Phase): void {
    this.#phase = phase;
    this.#goingAwayMs = null;
    this.#refreshAt = Infinity;
    this.#subscriptions.lost();
  }

  #report({ code, message }: CloseReason, out: Effect[]): void {
    out.push({ type: 'notify', event: { name: 'error', detail: { code, message } } });
  }

  /** Waits for the next attempt; `delayMs` null takes the backoff. */
  #retry(why: string, delayMs: number | null, now: number, random: number): void {
    const retryAt = now + (delayMs ?? fullJitterDelay(this.#attempts, random));
    this.#attempts += 1;
    this.#why = why;
    this.#leave({ name: 'waiting', retryAt });
  }

  #ended(code: number, reason: string, now: number, random: number, out: Effect[]): void {
    const phase = this.#phase;
    if (phase.name === 'opening') {
      this.#phase = { name: 'diagnosing', deadline: now + CONNECT_TIMEOUT_MS };
      out.push({ type: 'diagnose' });
      return;
    }
    if (phase.name !== 'open') return;
    if (now - phase.openedAt >= STABLE_MS) this.#attempts = 0;
    const [name, policy] = closePolicy(code);
    const { credential } = this.#settings;
    const canReturn =
      policy === 'same_key'
        ? credential !== 'token'
        : policy !== 'new_token' || credential === 'provider';
    const message = `The gateway closed the connection: ${name}${reason && ` (${reason})`}.`;
    if (policy === 'never' || !canReturn) {
      this.#close({ code: name, message }, out);
      return;
    }
    if (policy === 'new_token') this.#purpose = 'refused';
    // The gateway's own word counts; "at once" only the first time, or a fault would become a storm.
    const atOnce = policy !== 'later' && this.#attempts === 0 ? 0 : null;
    const isLost = code === 1006;
    const why = isLost ? 'The connection was lost.' : message;
    this.#retry(why, this.#goingAwayMs ?? atOnce, now, random);
  }

  #refused(refusal: Refusal, now: number, random: number, out: Effect[]): void {
    const { status, code, message, retryAfterMs } = refusal;
    if (!isTemporary(refusal)) {
      this.#refusedCredentials += 1;
      const canTryAnother =
        status === 401 &&
        this.#settings.credential === 'provider' &&
        this.#refusedCredentials < MAX_REFUSED_CREDENTIALS;
      if (!canTryAnother) {
        this.#close({ code, message }, out);
        return;
      }
      this.#purpose = 'refused';
      this.#report({ code, message }, out);
    }
    this.#retry(message, retryAfterMs, now, random);
  }

  #tick(now: number, random: number, out: Effect[]): void {
    const phase = this.#phase;
    if (phase.name === 'waiting') {
      this.#begin(now, out);
      return;
    }
    if (phase.name !== 'open') {
      out.push({ type: 'abandon' });
      this.#retry('The gateway did not answer in time.', null, now, random);
      return;
    }
    if (now >= this.#refreshAt) {
      this.#refreshAt = Infinity;
      out.push({ type: 'refresh' });
    }
    if (phase.pinger.tick(now, out) && this.#subscriptions.tick(now, out)) return;
    out.push({ type: 'abandon' });
    this.#goingAwayMs = null;
    this.#ended(1006, '', now, random, out);
  }

  #authenticate(token: string, out: Effect[]): void {
    this.#authId += 1;
    out.push({ type: 'send', message: { type: 'auth', id: `a${this.#authId}`, token } });
  }

  /** Takes in a message of the server. Unknown types change nothing (PROTOCOL.md, "Subprotocols"). */
  #receive(message: ServerMessage, now: number, out: Effect[]): void {
    const subscriptions = this.#subscriptions;
    switch (message.type) {
      case 'welcome':
        this.#refusedCredentials = 0;
        this.#purpose = 'connect';
        out.push({ type: 'notify', event: { name: 'welcome', detail: message } });
        return;
      case 'subscribed':
        subscriptions.subscribed(message);
        return;
      case 'snapshot':
        subscriptions.snapshot(message, now, out);
        return;
      case 'candle': {
        const { clock } = this;
        if (this.#settings.receipts) this.#receipts.note(message, clock, now, out);
        subscriptions.live(message, hopLatencies(message.times, now, clock), now, out);
        return;
      }
      case 'heartbeat':
        subscriptions.heads(message.channels);
        return;
      case 'pong':
        if (this.#phase.name === 'open') this.#phase.pinger.pong(message, now);
        return;
      case 'token_expiring':
        if (this.#settings.credential === 'provider') this.#refreshAt = now;
        else {
          const { expiresAt } = message;
          out.push({ type: 'notify', event: { name: 'expiring', detail: { expiresAt } } });
        }
        return;
      case 'error':
        if (subscriptions.refused(message, out)) {
          this.#restIfEmpty(out);
          return;
        }
        this.#report(message, out);
        if (message.id === `a${this.#authId}` && this.#settings.credential === 'provider') {
          this.#refreshAt = now + REFRESH_RETRY_MS;
        }
        return;
      case 'going_away':
        this.#goingAwayMs = message.reconnectDelayMs;
        return;
      case 'unsubscribed':
      case 'authenticated':
        return;
    }
  }
}
