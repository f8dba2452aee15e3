import type { ChannelName } from '../../candle/channel.ts';
import { CLOSE_CODES, ERROR_CODES, type CloseReason, type ErrorCode } from '../../candle/codes.ts';
import { roundToMicrosecond } from '../../candle/hop-times.ts';
import type { Identity } from '../auth/identity.ts';
import { frameBytes } from '../frame-bytes.ts';
import type { ConnectionInfo } from '../connection-book.ts';
import type { SessionRequest } from '../session-factory.ts';
import type { SocketEvents, Transport } from '../transport.ts';
import { AbuseWindow } from './abuse-window.ts';
import {
  obey,
  subscribeInitially,
  type Conversation,
  type DirectMessage,
} from './client-requests.ts';
import { expiryWarningLead } from './expiry-warning.ts';
import { LinkHealth } from './link-health.ts';
import { RECEIPTS_REPLACE_PINGS_MS } from './receipts.ts';
import { MessageBudget } from './message-budget.ts';
import type { SessionContext } from './session-context.ts';
import type { RegisteredSession, SessionRegistry } from './session-registry.ts';
import { SocketDelivery, type DeliveryOwner } from './socket-delivery.ts';
import type { Sample, SampledSocket } from './socket-samples.ts';
import { TokenRefresh } from './token-refresh.ts';

/** Of a token whose end was announced, or needs no announcement. */
const NO_WARNING = -1;

/** One open connection: what PROTOCOL.md says of a gateway, towards one client. */
export class Session
  implements SocketEvents, RegisteredSession, DeliveryOwner, Conversation, SampledSocket
{
  readonly seat = { slot: 0, index: -1 };
  readonly context: SessionContext;
  readonly #registry: SessionRegistry<Session>;
  readonly #transport: Transport;
  readonly delivery: SocketDelivery;
  readonly #health = new LinkHealth();
  /** For logs and `welcome`; unique within this gateway. */
  readonly #connection: number;
  readonly #address: string | null;
  readonly #openedAt: number;
  identity: Identity;
  #abuse: AbuseWindow | null = null;
  #budget: MessageBudget | null = null;
  #refresh: TokenRefresh | null = null;
  lastReceiptAt = 0;
  sample: Sample | null = null;
  #visits = 0;
  #owesHeartbeat = false;
  /** How long before the end of the token the client is warned; negative: not any more. */
  #warningLeadMs = NO_WARNING;
  /** The code that this side closed with; 0 while it has not. */
  #closeCode = 0;
  #isClosed = false;

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
    this.#transport = transport;
    this.identity = identity;
    this.#connection = connection;
    this.#address = address;
    this.#openedAt = context.clock.now();
    this.delivery = new SocketDelivery(transport, context.delivery, this);
  }

  get expiresAt(): number {
    return this.identity.expiresAt;
  }

  get warnsAt(): number {
    if (this.#warningLeadMs === NO_WARNING) return Infinity;
    return this.identity.expiresAt - this.#warningLeadMs;
  }

  /** Sends `welcome` and, on the path endpoint, subscribes. Called once, before any event. */
  open(initial: SessionRequest['initial']): void {
    const { clock, codec, gatewayId, limits, metrics, settings, source } = this.context;
    const now = clock.now();
    const plan = limits.ofPlan(this.identity.plan);
    metrics.opened();
    this.context.log.debug({ ...this.#logFields, protocol: codec.protocol }, 'connection opened');
    this.#registry.add(this);
    this.#beginToken(now);
    this.context.samples.offer(this, this.#registry.size);
    this.answer({
      type: 'welcome',
      protocol: codec.protocol,
      connection: this.#connection.toString(36),
      gateway: gatewayId,
      source,
      time: roundToMicrosecond(now),
      heartbeatMs: settings.heartbeatMs,
      expiresAt: this.identity.expiresAt,
      limits: {
        subscriptions: plan.subscriptions,
        messageBytes: settings.maxMessageBytes,
        messagesPerSecond: plan.messagesPerSecond,
        connections: plan.connectionsPerSubject,
        requestsPerMinute: plan.requestsPerMinute,
      },
    });
    // A moment ago it was not: the answer to the upgrade lay in between.
    this.closeIfRevoked();
    if (initial !== undefined && !this.isOver) subscribeInitially(this, initial.channel, initial);
  }

  bufferedBytes(): number {
    return this.#transport.bufferedBytes();
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
    if (this.isOver) return;
    this.delivery.settleDrop();
    const { codec, metrics, settings } = this.context;
    metrics.messageReceived(data.byteLength);
    if (!this.#takeFromBudget()) {
      metrics.messageRead('limited');
      this.refuse('rate_limited', undefined);
      this.#countRefusal();
      return;
    }
    if (data.byteLength > settings.maxMessageBytes) {
      metrics.messageRead('invalid');
      this.refuse('message_too_big', undefined);
      this.countAbuse();
      return;
    }
    const decoded = codec.decode(data, isBinary);
    if (!decoded.ok) {
      metrics.messageRead('invalid');
      this.refuse(decoded.code, decoded.id, decoded.detail);
      this.countAbuse();
      return;
    }
    metrics.messageRead(decoded.message.type);
    if ('channels' in decoded.message) this.#budget?.charge(decoded.message.channels.length);
    obey(this, decoded.message);
  }

  pong(payload: string): void {
    if (this.isOver) return;
    this.delivery.settleDrop();
    const { clock, hops, metrics, settings, stalls } = this.context;
    const now = clock.now();
    const roundTrip = this.#health.pong(payload, now);
    if (roundTrip === undefined) {
      // Nobody asked for it.
      this.#takeControlFrame();
      return;
    }
    metrics.roundTripMeasured(roundTrip);
    const reports = now - this.lastReceiptAt < RECEIPTS_REPLACE_PINGS_MS;
    // The pong may have waited for us.
    const isOurs = stalls?.hasJustStoodStill(now) ?? false;
    if (!reports && !isOurs) hops.observe('client', roundTrip / 2);
    if (!this.delivery.awaitsPong) return;
    if (this.#health.isPongOverdue(now, settings.pongTimeoutMs)) return;
    this.delivery.pongArrived();
    this.delivery.pump();
  }

  pinged(): void {
    if (!this.isOver) this.#takeControlFrame();
  }

  dropped(): void {
    if (!this.isOver) this.delivery.dropped();
  }

  drained(): void {
    if (this.isOver) return;
    this.#health.progressed();
    if (this.sample !== null) this.context.samples.drained(this.sample);
    this.delivery.settleDrop();
    this.delivery.pump();
  }

  closed(code: number): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#registry.remove(this);
    this.context.samples.remove(this);
    this.delivery.close();
    const finalCode = this.#closeCode === 0 ? code : this.#closeCode;
    this.context.metrics.closed(finalCode);
    this.context.log.debug({ ...this.#logFields, code: finalCode }, 'connection closed');
  }

  // What the registry tells.

  visit(now: number): void {
    if (this.isOver) return;
    const { metrics, samples, settings } = this.context;
    samples.offer(this, this.#registry.size);
    this.checkPong(now);
    const buffered = this.#transport.bufferedBytes();
    if (buffered > 0 || this.delivery.awaitsPong) this.#health.blocked(now);
    else this.#health.progressed();
    if (this.#health.isStalled(now, settings.stallTimeoutMs)) {
      metrics.closedTooSlow('stalled');
      this.#close('too_slow');
      return;
    }
    if (this.delivery.isLost()) {
      this.fellBehind();
      return;
    }
    this.#registry.watchExpiry(this, now);
    // A ping over the buffer's bound would be dropped, so a late one is repeated later.
    const mayPing = buffered <= settings.lowWaterBytes;
    if (mayPing && (!this.#health.awaitsPong || this.delivery.awaitsPong)) {
      this.#transport.ping(this.#health.ping(now));
    }
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
    if (this.isOver || this.delivery.awaitsPong) return;
    if (!this.#health.isPongOverdue(now, this.context.settings.pongTimeoutMs)) return;
    this.#health.blocked(now);
    this.delivery.suspendUntilPong();
  }

  warnOfExpiry(): void {
    if (this.isOver) return;
    // Whoever cannot take it now is told in the next tick.
    if (this.#send({ type: 'token_expiring', expiresAt: this.expiresAt })) {
      this.#warningLeadMs = NO_WARNING;
    }
  }

  expire(): void {
    this.#close('token_expired');
  }

  retryWaiting(): boolean {
    if (this.isOver) return false;
    this.delivery.pump();
    // The pump may have closed the connection.
    return this.#closeCode === 0 && this.delivery.isWaiting;
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
    this.#close('too_slow');
  }

  // What the gateway tells.

  /** Tells the client that a close with 1001 follows, and when to come back. */
  goingAway(reconnectDelayMs: number): void {
    if (this.isOver) return;
    // Best effort: whoever cannot take it still gets the close.
    this.#send({ type: 'going_away', reconnectDelayMs });
  }

  /** Closes with 1001. */
  close(): void {
    this.#close('going_away');
  }

  /** Closes with 4402. */
  disconnect(): void {
    this.#close('disconnected');
  }

  /** A simulated fault: the line breaks, without a close frame. */
  break(): void {
    if (!this.isOver) this.#transport.abort();
  }

  /** A simulated fault: the client takes nothing of the live stream until `speedUp`. */
  slowDown(): void {
    if (this.isOver) return;
    this.delivery.settleDrop();
    this.delivery.hold();
  }

  /** Ends `slowDown`: what the client missed is replayed, and then it is live again. */
  speedUp(): void {
    if (this.isOver) return;
    this.delivery.release();
    this.delivery.pump();
  }

  /** Names of connections count up in the order in which they opened. */
  get number(): number {
    return this.#connection;
  }

  /** What operators see of it. */
  describe(): ConnectionInfo {
    const { subject, expiresAt } = this.identity;
    return {
      connection: this.#connection.toString(36),
      subject,
      address: this.#address,
      since: Math.round(this.#openedAt),
      expiresAt,
      protocol: this.context.codec.protocol,
      subscriptions: this.delivery.channels.length,
      lagging: this.delivery.isLagging,
    };
  }

  /** The channel is no longer served: says so, and lets go of it. */
  leave(channel: ChannelName): void {
    const held = this.delivery.channels.find(({ view }) => view.channel.name === channel);
    if (this.isOver || held === undefined) return;
    this.delivery.unsubscribe(held.view);
    this.refuse('unknown_channel', undefined, 'The channel is not served here any more.', channel);
    this.answer({ type: 'unsubscribed', id: undefined, channels: [channel] });
  }

  /** Closes with 4001: closed candles are missing in what this gateway holds. */
  closeForHole(): void {
    this.#close('history_gap');
  }

  /** Closes with 4403 when what its client was let in with has been revoked. @returns whether it was */
  closeIfRevoked(): boolean {
    if (this.isOver || !this.context.isRevoked(this.identity)) return false;
    this.#close('revoked');
    return true;
  }

  // What the requests of the client need.

  get isOver(): boolean {
    return this.#isClosed || this.#closeCode !== 0;
  }

  get refresh(): TokenRefresh {
    const { log, authenticator } = this.context;
    this.#refresh ??= new TokenRefresh(authenticator, (error) =>
      log.error({ err: error }, 'answering an auth message failed'),
    );
    return this.#refresh;
  }

  /**
   * Sends what the client waits for. Nothing is queued, so a client whose buffer is over its bound
   * and who still asks is closed rather than left without an answer.
   */
  answer(message: DirectMessage): void {
    if (this.isOver || this.#send(message)) return;
    this.context.metrics.closedTooSlow('answer_dropped');
    this.#close('too_slow');
  }

  refuse(
    code: ErrorCode,
    id: string | undefined,
    detail: string = ERROR_CODES[code],
    channel?: string,
  ): void {
    this.context.metrics.errorSent(code);
    this.answer({ type: 'error', id, code, message: detail, channel });
  }

  countAbuse(): void {
    this.#abuse ??= new AbuseWindow();
    if (this.#abuse.record(this.context.clock.now())) this.#close('too_many_errors');
  }

  renew(identity: Identity): void {
    this.identity = identity;
    if (this.closeIfRevoked()) return;
    this.#beginToken(this.context.clock.now());
  }

  awaitHistory(): void {
    this.#registry.watchWaiting(this);
  }

  #beginToken(now: number): void {
    this.#warningLeadMs =
      expiryWarningLead(this.identity, this.context.settings.tokenWarningMs) ?? NO_WARNING;
    this.#registry.watchExpiry(this, now);
  }

  get #logFields(): { readonly connection: string; readonly subject: string } {
    return { connection: this.#connection.toString(36), subject: this.identity.subject };
  }

  /** Whether the client may send one more. */
  #takeFromBudget(): boolean {
    const { clock, limits } = this.context;
    const { messagesPerSecond } = limits.ofPlan(this.identity.plan);
    if (messagesPerSecond === 0) return true;
    this.#budget ??= new MessageBudget();
    if (this.#budget.take(clock.now(), messagesPerSecond)) return true;
    limits.messageRefused();
    return false;
  }

  /** Pings and uncalled-for pongs cost what messages cost; there is nothing to answer them. */
  #takeControlFrame(): void {
    if (!this.#takeFromBudget()) this.#countRefusal();
  }

  #countRefusal(): void {
    if (this.#budget?.refused(this.context.clock.now()) === true) this.#close('rate_limited');
  }

  #sendHeartbeat(now: number): void {
    this.#owesHeartbeat = false;
    const channels = this.delivery.channels.map(({ view }) => view.head());
    const { source } = this.context;
    this.#send({ type: 'heartbeat', time: roundToMicrosecond(now), source, channels });
  }

  /** @returns false when it was dropped */
  #send(message: DirectMessage): boolean {
    const { codec, metrics } = this.context;
    const frame = codec.encode(message);
    if (this.#transport.send(frame) === 'dropped') return false;
    metrics.messageSent(message.type, codec.protocol, frameBytes(frame));
    return true;
  }

  #close(reason: CloseReason): void {
    if (this.isOver) return;
    this.#closeCode = CLOSE_CODES[reason];
    this.delivery.close();
    this.#transport.close(this.#closeCode, reason);
  }
}

/** How many visits of the wheel lie between two heartbeats of a session. */
export function visitsPerHeartbeat(settings: {
  readonly heartbeatMs: number;
  readonly pingMs: number;
}): number {
  return Math.max(1, Math.ceil(settings.heartbeatMs / settings.pingMs));
}
