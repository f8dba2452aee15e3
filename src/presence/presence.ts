import { z } from 'zod';
import type { Source } from '../candle/messages.ts';

/**
 * Every process that is connected to Redis says there, every few seconds, that it is there and how it
 * fares, so that `candlegate status` finds all of them without a list.
 */

const feedState = z.enum(['live', 'stale', 'down']);
const common = {
  /** Name of the process; unique among those of its role. */
  instance: z.string(),
  version: z.string(),
  /** Ms since 1970. */
  startedAt: z.number(),
};

const gatewayPresence = z.object({
  ...common,
  role: z.literal('gateway'),
  /** Open WebSockets. */
  connections: z.number(),
  feed: feedState,
  bus: z.enum(['connected', 'lost']),
  /** Why it is not ready; empty when it is. */
  notReady: z.array(z.string()),
});

const ingestPresence = z.object({
  ...common,
  role: z.literal('ingest'),
  leading: z.boolean(),
  /** Channels by the state of their connection to the exchange. */
  channels: z.object({ live: z.number(), stale: z.number(), down: z.number() }),
  /** By how many ms the exchange's clock is ahead; null when that cannot be measured. */
  clockOffsetMs: z.number().nullable(),
  notReady: z.array(z.string()),
});

/** What a process says of itself. A newer version may say more. */
export const presenceSchema = z.discriminatedUnion('role', [gatewayPresence, ingestPresence]);
export type Presence = z.infer<typeof presenceSchema>;
export type GatewayPresence = z.infer<typeof gatewayPresence>;
export type IngestPresence = z.infer<typeof ingestPresence>;

/** What a process can say at any moment; the rest of its presence never changes. */
export type PresenceFacts<P extends Presence> = Omit<P, 'role' | keyof typeof common>;

/** How often a process says that it is there. */
export const PRESENCE_INTERVAL_MS = 2_000;
/** A process that has said nothing for so long is probably gone. */
export const PRESENCE_LATE_MS = 4 * PRESENCE_INTERVAL_MS;
/** How long one that vanished without a farewell is remembered. */
export const PRESENCE_FORGOTTEN_MS = 10 * 60_000;

/** Hash: `role:instance` → when it was last heard, in ms of the server's clock, a space, and its presence as JSON. */
export function presenceKey(source: Source): string {
  return `candlegate:{${source}:presence}`;
}
