import type { ChannelName } from '../../candle/channel.ts';
import { roundToMicrosecond } from '../../candle/hop-times.ts';
import type { Identity } from '../auth/identity.ts';
import type { ConnectionInfo } from '../connection-book.ts';
import type { SessionRequest } from '../session-factory.ts';
import type { SocketEvents, Transport } from '../transport.ts';
import { AbuseWindow } from './abuse-window.ts';
import { ClientLine } from './client-line.ts';
import { subscribeInitially } from './client-requests.ts';
import { warningTime } from './expiry-warning.ts';
import { takeControlFrame, takeMessage, type Inbound } from './inbound.ts';
import { LinkHealth } from './link-health.ts';
import { checkPong, pingIfDue, standsStill, takePong, type WatchedLink } from './link-watch.ts';
import { MessageBudget } from './message-budget.ts';
import type { SessionContext } from './session-context.ts';
import type { RegisteredSession, SessionRegistry } from './session-registry.ts';
import { SocketDelivery, type DeliveryOwner } from './socket-delivery.ts';
import type { Sample, SampledSocket } from './socket-samples.ts';
import { TokenRefresh } from './token-refresh.ts';
import { welcome } from './welcome.ts';

/**
 * One open connection: what PROTOCOL.md says of a gateway, towards one client. It passes what happens to
 * its parts: messages (`inbound.ts`, `client-requests.ts`), candles (`socket-delivery.ts`), pings
 * (`link-watch.ts`), the end of the token (`expiry-warning.ts`), what is sent and the end (`client-line.ts`).
 */
export class Session
  implements SocketEvents, RegisteredSession, DeliveryOwner, Inbound, WatchedLink, SampledSocket
{
  readonly seat = { slot: 0, index: -1 };
  readonly context: SessionContext;
  readonly #registry: SessionRegistry<Session>;
  readonly delivery: SocketDelivery;
  readonly line: ClientLine;
  readonly health = new LinkHealth();
  identity: Identity;
  /** Whether the client was told of the end of its token. */
  #isWarned = false;
  /** Unique within this gateway. */
  readonly #connection: number;
  readonly #address: string | null;
  readonly #openedAt: number;
  #budget: MessageBudget | null = null;
  #abuse: AbuseWindow | null = null;
  #refresh: TokenRefresh | null = null;
  lastReceiptAt = 0;
  sample: Sample | null = null;
  #visits = 0;
  #owesHeartbeat = false;

  constructor(
    context: SessionContext,
    registry: SessionRegistry<Session>,
    transport: Transport,
    identity: Identity,
    connection: number,
    address: string | null,
  ) {
    this.context = context;
    this.#registry = registry;
    this.identity = identity;
    this.#connection = connection;
    this.#address = address;
    this.#openedAt = context.clock.now();
    this.delivery = new SocketDelivery(transport, context.delivery, this);
    this.line = new ClientLine(context, transport, this.delivery);
  }

  get expiresAt(): number {
    return this.identity.expiresAt;
  }

  get warnsAt(): number {
    if (this.#isWarned) return Infinity;
    return warningTime(this.identity, this.context.settings.tokenWarningMs);
  }

  /** Sends `welcome` and, on the path endpoint, subscribes. Called once, before any event. */
  open(initial: SessionRequest['initial']): void {
    const { clock, codec, log, metrics, samples } = this.context;
    const now = clock.now();
    metrics.opened();
    log.debug({ ...this.#logFields, protocol: codec.protocol }, 'connection opened');
    this.#registry.add(this);
    this.#registry.watchExpiry(this, now);
    samples.offer(this, this.#registry.size);
    this.line.answer(welcome(this.context, this.identity, this.#name, now));
    // A moment ago it was not: the answer to the upgrade lay in between.
    this.closeIfRevoked();
    if (initial === undefined || this.line.isOver) return;
    subscribeInitially(this, initial.channel, initial);
  }

  bufferedBytes(): number {
    return this.line.transport.bufferedBytes();
  }

  isLive(channel: ChannelName): boolean {
    return this.delivery.channels.some(
      ({ phase, view }) => phase === 'live' && view.channel.name === channel,
    );
  }

  holds(channel: ChannelName): boolean {
    return this.delivery.channels.some(({ view }) => view.channel.name === channel);
  }

  // What the server tells.

  message(data: Uint8Array, isBinary: boolean): void {
    if (this.line.isOver) return;
    this.delivery.settleDrop();
    takeMessage(this, data, isBinary);
  }

  pong(payload: string): void {
    if (this.line.isOver) return;
    this.delivery.settleDrop();
    if (!takePong(this, payload)) takeControlFrame(this);
  }

  pinged(): void {
    if (!this.line.isOver) takeControlFrame(this);
  }

  dropped(): void {
    if (!this.line.isOver) this.delivery.dropped();
  }

  drained(): void {
    if (this.line.isOver) return;
    this.health.progressed();
    if (this.sample !== null) this.context.samples.drained(this.sample);
    this.delivery.settleDrop();
    this.delivery.pump();
  }

  closed(code: number): void {
    const finalCode = this.line.closed(code);
    if (finalCode === undefined) return;
    this.#registry.remove(this);
    this.context.samples.remove(this);
    this.context.metrics.closed(finalCode);
    this.context.log.debug({ ...this.#logFields, code: finalCode }, 'connection closed');
  }

  // What the registry tells.

  visit(now: number): void {
    if (this.line.isOver) return;
    const { metrics, samples, settings } = this.context;
    samples.offer(this, this.#registry.size);
    checkPong(this, now);
    const buffered = this.line.transport.bufferedBytes();
    if (standsStill(this, buffered, now)) {
      metrics.closedTooSlow('stalled');
      this.line.end('too_slow');
      return;
    }
    if (this.delivery.isLost()) {
      this.fellBehind();
      return;
    }
    this.#registry.watchExpiry(this, now);
    pingIfDue(this, buffered, now);
    this.#visits += 1;
    if (this.#visits >= visitsPerHeartbeat(settings)) {
      this.#visits = 0;
      // A head that the client was not sent yet would look like a loss.
      if (this.delivery.isOwing) this.#owesHeartbeat = true;
      else this.#sendHeartbeat(now);
    }
    // A write of its own may have emptied the server's buffer, and then no drain is told.
    if (this.delivery.isOwing) this.delivery.pump();
  }

  checkPong(now: number): void {
    if (!this.line.isOver) checkPong(this, now);
  }

  warnOfExpiry(): void {
    if (this.line.isOver) return;
    // Whoever cannot take it now is told in the next tick.
    this.#isWarned = this.line.send({ type: 'token_expiring', expiresAt: this.expiresAt });
  }

  expire(): void {
    this.line.end('token_expired');
  }

  retryWaiting(): boolean {
    if (this.line.isOver) return false;
    this.delivery.pump();
    return this.delivery.isWaiting;
  }

  // What the delivery tells.

  sentAsAsked(candles: number): void {
    if (this.#budget === null) return;
    const { subscriptions } = this.context.limits.ofPlan(this.identity.plan);
    this.#budget.chargeCandles(candles, subscriptions);
  }

  caughtUp(): void {
    if (this.#owesHeartbeat) this.#sendHeartbeat(this.context.clock.now());
  }

  fellBehind(): void {
    this.context.metrics.closedTooSlow('behind_history');
    this.line.end('too_slow');
  }

  // What the gateway tells.

  /** Tells the client that a close with 1001 follows, and when to come back. */
  goingAway(reconnectDelayMs: number): void {
    if (this.line.isOver) return;
    // Best effort: whoever cannot take it still gets the close.
    this.line.send({ type: 'going_away', reconnectDelayMs });
  }

  /** Closes with 1001. */
  close(): void {
    this.line.end('going_away');
  }

  /** Names of connections count up in the order in which they opened. */
  get number(): number {
    return this.#connection;
  }

  /** What operators see of it. */
  describe(): ConnectionInfo {
    const { subject, expiresAt } = this.identity;
    return {
      connection: this.#name,
      subject,
      address: this.#address,
      since: Math.round(this.#openedAt),
      expiresAt,
      protocol: this.context.codec.protocol,
      subscriptions: this.delivery.channels.length,
      lagging: this.delivery.isLagging,
    };
  }

  /** Closes with 4403 when what its client was let in with has been revoked. @returns whether it was */
  closeIfRevoked(): boolean {
    if (this.line.isOver || !this.context.isRevoked(this.identity)) return false;
    this.line.end('revoked');
    return true;
  }

  // What the requests of the client need.

  get budget(): MessageBudget {
    return (this.#budget ??= new MessageBudget());
  }

  get refresh(): TokenRefresh {
    const { log, authenticator } = this.context;
    this.#refresh ??= new TokenRefresh(authenticator, (error) =>
      log.error({ err: error }, 'answering an auth message failed'),
    );
    return this.#refresh;
  }

  countAbuse(): void {
    this.#abuse ??= new AbuseWindow();
    if (this.#abuse.record(this.context.clock.now())) this.line.end('too_many_errors');
  }

  renew(identity: Identity): void {
    this.identity = identity;
    this.#isWarned = false;
    if (!this.closeIfRevoked()) this.#registry.watchExpiry(this, this.context.clock.now());
  }

  awaitHistory(): void {
    this.#registry.watchWaiting(this);
  }

  /** For logs, operators and `welcome`. */
  get #name(): string {
    return this.#connection.toString(36);
  }

  get #logFields(): { readonly connection: string; readonly subject: string } {
    return { connection: this.#name, subject: this.identity.subject };
  }

  #sendHeartbeat(now: number): void {
    this.#owesHeartbeat = false;
    const channels = this.delivery.channels.map(({ view }) => view.head());
    const { source } = this.context;
    this.line.send({ type: 'heartbeat', time: roundToMicrosecond(now), source, channels });
  }
}

/** How many visits of the wheel lie between two heartbeats of a session. */
export function visitsPerHeartbeat(settings: {
  readonly heartbeatMs: number;
  readonly pingMs: number;
}): number {
  return Math.max(1, Math.ceil(settings.heartbeatMs / settings.pingMs));
}
