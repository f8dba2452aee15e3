import { roundToMicrosecond } from '../../candle/hop-times.ts';
import type { ServerMessageOf } from '../../candle/messages.ts';
import type { Identity } from '../auth/identity.ts';
import type { SessionContext } from './session-context.ts';

/**
 * The first message of a connection: its terms.
 *
 * @param now ms since 1970
 */
export function welcome(
  { codec, gatewayId, limits, settings, source }: SessionContext,
  { expiresAt, plan: planName }: Identity,
  connection: string,
  now: number,
): ServerMessageOf<'welcome'> {
  const plan = limits.ofPlan(planName);
  return {
    type: 'welcome',
    protocol: codec.protocol,
    connection,
    gateway: gatewayId,
    source,
    time: roundToMicrosecond(now),
    heartbeatMs: settings.heartbeatMs,
    expiresAt,
    limits: {
      subscriptions: plan.subscriptions,
      messageBytes: settings.maxMessageBytes,
      messagesPerSecond: plan.messagesPerSecond,
      connections: plan.connectionsPerSubject,
      requestsPerMinute: plan.requestsPerMinute,
    },
  };
}
