import type { Channel } from '../../src/candle/channel.ts';

export interface PublishPlan {
  /** Take turns. */
  readonly channels: readonly Channel[];
  /** Over all channels. */
  readonly updatesPerSecond: number;
  /**
   * `bus`: through candlegate's publish script. `plain`: the text that a gateway would deliver, with
   * PUBLISH on a channel of its own (`plainName`).
   */
  readonly form: 'bus' | 'plain';
}

export interface PublishCount {
  /** Updates that Redis has answered. */
  readonly sent: number;
  readonly failed: number;
  /** Calls without an answer yet. */
  readonly unanswered: number;
}

/** Where the plain form of a channel is published. */
export function plainName(channel: string): string {
  return `plain:${channel}`;
}
