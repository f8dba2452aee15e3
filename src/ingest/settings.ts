import type { ChannelFeedSettings } from './channel-feed.ts';
import type { FeedHealthSettings } from './feed-health.ts';
import type { LeadershipSettings } from './leadership.ts';
import type { RestSettings } from './bybit/rest.ts';
import type { StreamSettings } from './bybit/stream.ts';

/** Everything about ingest that an operator may want to change. Times in ms. */
export interface IngestSettings
  extends
    ChannelFeedSettings,
    Omit<FeedHealthSettings, 'stallMs'>,
    LeadershipSettings,
    StreamSettings,
    RestSettings {
  /** How often the leader gives its sign of life on the bus. */
  readonly heartbeatMs: number;
  /** How often what is overdue is looked for. */
  readonly tickMs: number;
  /** How often the exchange's clock is read. */
  readonly clockSampleMs: number;
}

export const DEFAULT_INGEST_SETTINGS: IngestSettings = {
  history: 1_000,
  closeGraceMs: 5_000,
  seedTimeoutMs: 10_000,
  giveUpMs: 30 * 60_000,
  absenceAgreeMs: 3_000,
  downAfterMs: 2_000,
  leaseTtlMs: 2_000,
  leaseRenewMs: 500,
  heartbeatMs: 1_000,
  tickMs: 200,
  clockSampleMs: 15_000,
  stallMs: 75_000,
  pingMs: 20_000,
  pongTimeoutMs: 10_000,
  handshakeTimeoutMs: 10_000,
  ackTimeoutMs: 10_000,
  reconnectInitialMs: 250,
  reconnectMaxMs: 30_000,
  refusedRetryMs: 60_000,
  topicsPerRequest: 10,
  topicCharsPerConnection: 21_000,
  restRequestsPerSecond: 50,
  restTimeoutMs: 5_000,
  restRetries: 3,
  restBreakerMs: 10 * 60_000,
};
