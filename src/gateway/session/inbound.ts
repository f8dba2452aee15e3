import { obey, type Conversation } from './client-requests.ts';
import type { MessageBudget } from './message-budget.ts';

/** What reading the frames of a client needs of its session. */
export interface Inbound extends Conversation {
  /** Made when it is asked for first. */
  readonly budget: MessageBudget;
}

/** Reads a message, within the client's budget, and does what it asks for. */
export function takeMessage(inbound: Inbound, data: Uint8Array, isBinary: boolean): void {
  const { codec, metrics, settings } = inbound.context;
  metrics.messageReceived(data.byteLength);
  if (!isAdmitted(inbound)) {
    metrics.messageRead('limited');
    inbound.line.refuse('rate_limited', undefined);
    countRefusal(inbound);
    return;
  }
  if (data.byteLength > settings.maxMessageBytes) {
    metrics.messageRead('invalid');
    inbound.line.refuse('message_too_big', undefined);
    inbound.countAbuse();
    return;
  }
  const decoded = codec.decode(data, isBinary);
  if (!decoded.ok) {
    metrics.messageRead('invalid');
    inbound.line.refuse(decoded.code, decoded.id, decoded.detail);
    inbound.countAbuse();
    return;
  }
  metrics.messageRead(decoded.message.type);
  if ('channels' in decoded.message) inbound.budget.charge(decoded.message.channels.length);
  obey(inbound, decoded.message);
}

/** Pings and uncalled-for pongs cost what messages cost; there is nothing to answer them. */
export function takeControlFrame(inbound: Inbound): void {
  if (!isAdmitted(inbound)) countRefusal(inbound);
}

/** Whether the client may send one more. */
function isAdmitted(inbound: Inbound): boolean {
  const { clock, limits } = inbound.context;
  const { messagesPerSecond } = limits.ofPlan(inbound.identity.plan);
  if (messagesPerSecond === 0 || inbound.budget.take(clock.now(), messagesPerSecond)) return true;
  limits.messageRefused();
  return false;
}

function countRefusal(inbound: Inbound): void {
  if (inbound.budget.refused(inbound.context.clock.now())) inbound.line.end('rate_limited');
}
