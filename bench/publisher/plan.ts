import type { Channel } from '../../src/candle/channel.ts';

export interface PublishPlan {
  /** Take turns. */
  readonly channels: readonly Channel[];
  /** Over all channels. */
  readonly updatesPerSecond: number;
}

export interface PublishCount {
  /** Updates that Redis has answered. */
  readonly sent: number;
  readonly failed: number;
  /** Calls of the publish script that they were sent in; each comes out of Redis in one piece. */
  readonly batches: number;
}
