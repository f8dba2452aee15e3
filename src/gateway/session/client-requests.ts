import { parseChannel, type Channel, type ChannelName } from '../../candle/channel.ts';
import { ERROR_CODES } from '../../candle/codes.ts';
import { roundToMicrosecond } from '../../candle/hop-times.ts';
import type { ClientMessage, ClientMessageOf } from '../../candle/messages.ts';
import type { Identity } from '../auth/identity.ts';
import type { ChannelView } from '../channel-view.ts';
import { countsAsAbuse } from './abuse-window.ts';
import type { ClientLine } from './client-line.ts';
import { judgeReceipt } from './receipts.ts';
import type { SessionContext } from './session-context.ts';
import type { SocketDelivery } from './socket-delivery.ts';
import {
  planSubscription,
  planUnsubscription,
  type AcceptedChannel,
  type RefusedChannel,
} from './subscription-plan.ts';
import type { TokenRefresh } from './token-refresh.ts';

const DEFAULT_SNAPSHOT_CANDLES = 1;

/** What the requests of a client need of its session. */
export interface Conversation {
  readonly context: SessionContext;
  readonly delivery: SocketDelivery;
  readonly refresh: TokenRefresh;
  readonly identity: Identity;
  readonly line: ClientLine;
  /** When a receipt of the client was last counted, ms since 1970; 0 when none was. */
  lastReceiptAt: number;
  /** One more message that earned an error which counts as abuse. */
  countAbuse(): void;
  renew(identity: Identity): void;
  /** A channel waits for the gateway's first history. */
  awaitHistory(): void;
}

/** Does what a well-formed message asks for and answers it. */
export function obey(conversation: Conversation, message: ClientMessage): void {
  switch (message.type) {
    case 'subscribe':
      subscribe(conversation, message);
      return;
    case 'unsubscribe':
      unsubscribe(conversation, message);
      return;
    case 'ping': {
      const time = roundToMicrosecond(conversation.context.clock.now());
      conversation.line.answer({ type: 'pong', id: message.id, time });
      return;
    }
    case 'receipt':
      takeReceipt(conversation, message);
      return;
    case 'auth':
      authenticate(conversation, message);
      return;
  }
}

function takeReceipt(conversation: Conversation, message: ClientMessageOf<'receipt'>): void {
  const { clock, directory, hops, metrics } = conversation.context;
  const now = clock.now();
  const channel = parseChannel(message.channel);
  const view = typeof channel === 'string' ? undefined : directory.get(channel.name);
  const isHeld = view !== undefined && conversation.delivery.find(view) !== undefined;
  const handedOverAt = isHeld ? view.handedOverAt(message.epoch, message.offset) : null;
  const { outcome, ms } = judgeReceipt(message, handedOverAt, conversation.lastReceiptAt, now);
  metrics.receiptTaken(outcome);
  if (ms === null) return;
  conversation.lastReceiptAt = now;
  hops.observe('client', ms);
}

/** The path endpoint: subscribes without having been asked by a message. The upgrade checked the grant. */
export function subscribeInitially(
  conversation: Conversation,
  channel: Channel,
  { snapshot, since }: { readonly snapshot?: number; readonly since?: number },
): void {
  const view = conversation.context.directory.get(channel.name);
  if (view === undefined) {
    conversation.line.refuse('unknown_channel', undefined, undefined, channel.name);
    return;
  }
  begin(conversation, [since === undefined ? { view } : { view, since }], snapshot, undefined);
  conversation.delivery.pump();
}

function heldBy({ delivery }: Conversation): Set<ChannelView> {
  return new Set(delivery.channels.map(({ view }) => view));
}

function subscribe(conversation: Conversation, message: ClientMessageOf<'subscribe'>): void {
  const { directory, limits } = conversation.context;
  const held = heldBy(conversation);
  const { grant, plan: planName } = conversation.identity;
  const { subscriptions } = limits.ofPlan(planName);
  const plan = planSubscription(message, directory, grant, held, subscriptions);
  if ('malformedSince' in plan) {
    const detail = `since[${JSON.stringify(plan.malformedSince)}]: ${ERROR_CODES.unknown_channel}`;
    conversation.line.refuse('invalid_message', message.id, detail);
    conversation.countAbuse();
    return;
  }
  begin(conversation, plan.accepted, message.snapshot, message.id);
  refuseChannels(conversation, plan.refused, message.id);
  conversation.delivery.pump();
}

/** Registers the channels and answers `subscribed`; their snapshots are the pump's. */
function begin(
  conversation: Conversation,
  accepted: readonly AcceptedChannel[],
  snapshot: number = DEFAULT_SNAPSHOT_CANDLES,
  id: string | undefined,
): void {
  if (accepted.length === 0) return;
  const { context, delivery } = conversation;
  const attributes = { 'candlegate.channels': accepted.length };
  const span = context.tracing?.start('subscribe', { kind: 'server', attributes }) ?? null;
  const channels = accepted.map(({ view, since }) =>
    delivery.subscribe(view, since === undefined ? { snapshot } : { snapshot, since }, span),
  );
  // The replays are its children and end by themselves.
  span?.end();
  if (delivery.isWaiting) conversation.awaitHistory();
  conversation.line.answer({ type: 'subscribed', id, source: context.source, channels });
}

function unsubscribe(conversation: Conversation, message: ClientMessageOf<'unsubscribe'>): void {
  const { context, delivery } = conversation;
  const plan = planUnsubscription(message, context.directory, heldBy(conversation));
  for (const view of plan.views) delivery.unsubscribe(view);
  if (plan.views.length > 0) {
    const channels = plan.views.map(({ channel }) => channel.name);
    conversation.line.answer({ type: 'unsubscribed', id: message.id, channels });
  }
  refuseChannels(conversation, plan.refused, message.id);
}

function refuseChannels(
  conversation: Conversation,
  refused: readonly RefusedChannel[],
  id: string | undefined,
): void {
  for (const { code, detail, channel } of refused)
    conversation.line.refuse(code, id, detail, channel);
  if (refused.some(({ code }) => countsAsAbuse(code))) conversation.countAbuse();
}

/** Ends the subscriptions that a new token no longer allows, and says so of each. */
function dropForbidden(conversation: Conversation): void {
  const { delivery, identity } = conversation;
  const forbidden = [...heldBy(conversation)].filter(
    ({ channel }) => !identity.grant.allows(channel),
  );
  for (const view of forbidden) {
    delivery.unsubscribe(view);
    // Without the id of `auth`: that one has succeeded.
    conversation.line.refuse('forbidden_channel', undefined, undefined, view.channel.name);
  }
}

/** The channel is no longer served: says so to a client that holds it, and lets go of it. */
export function leaveChannel({ delivery, line }: Conversation, channel: ChannelName): void {
  const held = delivery.channels.find(({ view }) => view.channel.name === channel);
  if (line.isOver || held === undefined) return;
  delivery.unsubscribe(held.view);
  line.refuse('unknown_channel', undefined, 'The channel is not served here any more.', channel);
  line.answer({ type: 'unsubscribed', id: undefined, channels: [channel] });
}

function authenticate(conversation: Conversation, message: ClientMessageOf<'auth'>): void {
  const { refresh, identity } = conversation;
  const started = refresh.verify(message.token, identity.subject, (result) => {
    if (conversation.line.isOver) return;
    if (result.status === 'refused') {
      conversation.line.refuse(result.code, message.id, result.detail);
      if (countsAsAbuse(result.code)) conversation.countAbuse();
      return;
    }
    conversation.renew(result.identity);
    const { expiresAt } = result.identity;
    conversation.line.answer({ type: 'authenticated', id: message.id, expiresAt });
    dropForbidden(conversation);
  });
  if (!started) {
    const detail = 'token: Earlier tokens of this connection are still being checked.';
    conversation.line.refuse('invalid_message', message.id, detail);
    conversation.countAbuse();
  }
}
