import type { ClientLine } from './client-line.ts';
import type { LinkHealth } from './link-health.ts';
import { RECEIPTS_REPLACE_PINGS_MS } from './receipts.ts';
import type { SessionContext } from './session-context.ts';
import type { SocketDelivery } from './socket-delivery.ts';

/** What watching the line to a client needs of its session. */
export interface WatchedLink {
  readonly context: SessionContext;
  readonly line: ClientLine;
  readonly health: LinkHealth;
  readonly delivery: SocketDelivery;
  /** When a receipt of the client was last counted, ms since 1970; 0 when none was. */
  readonly lastReceiptAt: number;
}

/** Measures the round trip; delivery goes on if it waited for this. @returns false when nobody asked for it */
export function takePong(link: WatchedLink, payload: string): boolean {
  const { context, delivery, health, lastReceiptAt } = link;
  const { clock, hops, metrics, settings, stalls } = context;
  const now = clock.now();
  const roundTrip = health.pong(payload, now);
  if (roundTrip === undefined) return false;
  metrics.roundTripMeasured(roundTrip);
  const reports = now - lastReceiptAt < RECEIPTS_REPLACE_PINGS_MS;
  // The pong may have waited for us.
  const isOurs = stalls?.hasJustStoodStill(now) ?? false;
  if (!reports && !isOurs) hops.observe('client', roundTrip / 2);
  if (!delivery.awaitsPong || health.isPongOverdue(now, settings.pongTimeoutMs)) return true;
  delivery.pongArrived();
  delivery.pump();
  return true;
}

/** Takes the socket off the fast path when a pong is late. */
export function checkPong({ context, delivery, health }: WatchedLink, now: number): void {
  if (delivery.awaitsPong) return;
  if (!health.isPongOverdue(now, context.settings.pongTimeoutMs)) return;
  health.blocked(now);
  delivery.suspendUntilPong();
}

/** Whether the client has taken nothing for longer than is borne. @param buffered bytes in the socket's buffer */
export function standsStill(link: WatchedLink, buffered: number, now: number): boolean {
  const { context, delivery, health } = link;
  if (buffered > 0 || delivery.awaitsPong) health.blocked(now);
  else health.progressed();
  return health.isStalled(now, context.settings.stallTimeoutMs);
}

/** @param buffered bytes in the socket's buffer */
export function pingIfDue(link: WatchedLink, buffered: number, now: number): void {
  const { context, delivery, health, line } = link;
  // A ping over the buffer's bound would be dropped, so a late one is repeated later.
  const mayPing = buffered <= context.settings.lowWaterBytes;
  if (mayPing && (!health.awaitsPong || delivery.awaitsPong)) line.transport.ping(health.ping(now));
}
