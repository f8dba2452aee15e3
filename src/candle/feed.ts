/** Where the candles come from. The source is part of the Redis keys: the two never mix. */
export const SOURCES = ['bybit', 'simulator'] as const;
export type Source = (typeof SOURCES)[number];

/**
 * What can be said of a channel's freshness: `live`; `stale`, data is late or the bus or the leader
 * is silent; `down`, ingest has no connection to the exchange.
 */
export const FEED_STATES = ['live', 'stale', 'down'] as const;
export type FeedState = (typeof FEED_STATES)[number];
