import type { Candle } from '../../candle/candle.ts';
import type { BusCandleMessage } from '../../candle/messages.ts';

/**
 * Why a channel reads history:
 *
 * - `subscription`: the bus subscription was made, or made again
 * - `gap`: an offset was skipped
 * - `regression`: something new came under an offset that had been used
 * - `epoch`: a message of another epoch
 * - `head`: the leader's heartbeat is ahead of us, and no message explained it in time
 * - `chain`: a closed candle names a predecessor that is not the last one here
 */
export const REPAIR_CAUSES = [
  'subscription',
  'gap',
  'regression',
  'epoch',
  'head',
  'chain',
] as const;
export type RepairCause = (typeof REPAIR_CAUSES)[number];

/** What the shell has to do after an input; in this order. */
export type ChannelEffect =
  /**
   * To every subscriber. `live`: it came from the live channel, perhaps late because a repair came
   * first; `repair`: it was read from history. `receivedAt` is when this gateway had it and everything
   * before it: the wait for history is the bus's.
   */
  | {
      readonly type: 'deliver';
      readonly message: BusCandleMessage;
      readonly receivedAt: number;
      readonly via: 'live' | 'repair';
    }
  /** The first that is known of the channel, for those who had subscribed before. */
  | {
      readonly type: 'snapshot';
      readonly epoch: string;
      readonly offset: number;
      readonly closed: readonly Candle[];
      readonly open: Candle | null;
    }
  /**
   * Read history with `start` above `after` and hand the answer back under `request`; an earlier
   * request of this channel is void. With `attempt` above 0, wait first: so many attempts were in vain.
   */
  | {
      readonly type: 'read';
      readonly request: number;
      readonly after: number | null;
      readonly attempt: number;
    }
  /**
   * Closed candles between the starts `after` and `before` can no longer be had. Whoever was subscribed
   * cannot be served without a hole: what history has from `before` to `through` is held, and not
   * delivered.
   */
  | {
      readonly type: 'hole';
      readonly after: number;
      readonly before: number;
      readonly through: number;
    }
  | { readonly type: 'repair_started'; readonly cause: RepairCause }
  | { readonly type: 'repair_finished'; readonly cause: RepairCause; readonly durationMs: number }
  /** A message that said nothing new. */
  | { readonly type: 'duplicate' };
