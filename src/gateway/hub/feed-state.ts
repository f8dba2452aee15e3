import type { BusState } from '../../bus/bus.ts';
import type { FeedState } from '../../candle/messages.ts';

/** What the state of one channel's feed is judged by. Times are ms since 1970, of this gateway's clock. */
export interface FeedFacts {
  readonly bus: BusState;
  /** When the leader's last heartbeat came; null before the first. */
  readonly leaderHeardAt: number | null;
  /** What the leader says of the channel; null when it has said nothing. */
  readonly leaderState: FeedState | null;
  /** When the newest live message came (or the first history, if none has); null before either. */
  readonly newestAt: number | null;
  /** Since when history has been being read to mend the channel; null when it is whole. */
  readonly repairingSince: number | null;
}

export interface FeedBounds {
  /** How long the leader, which speaks every second, may be silent. */
  readonly leaderSilenceMs: number;
  /** How long a repair may take before the channel counts as late. */
  readonly repairMs: number;
  /** How old the newest update may be. The exchange pushes at least once in 60 s. */
  readonly updateAgeMs: number;
}

export const DEFAULT_FEED_BOUNDS: FeedBounds = {
  leaderSilenceMs: 3_000,
  repairMs: 3_000,
  updateAgeMs: 90_000,
};

function isApart(at: number, boundMs: number, now: number): boolean {
  // Either way: nobody can tell how long ago it was by a clock that has been set back since.
  return Math.abs(now - at) > boundMs;
}

/**
 * What can honestly be said of a channel. `down` only on the word of a leader who is heard: a gateway
 * that hears nothing cannot vouch for anything, and says `stale`.
 */
export function judgeFeed(facts: FeedFacts, bounds: FeedBounds, now: number): FeedState {
  const { bus, leaderHeardAt, leaderState, newestAt, repairingSince } = facts;
  if (bus === 'lost') return 'stale';
  if (leaderHeardAt === null || isApart(leaderHeardAt, bounds.leaderSilenceMs, now)) return 'stale';
  if (leaderState === null) return 'stale';
  if (leaderState !== 'live') return leaderState;
  if (repairingSince !== null && isApart(repairingSince, bounds.repairMs, now)) return 'stale';
  if (newestAt === null || isApart(newestAt, bounds.updateAgeMs, now)) return 'stale';
  return 'live';
}

/** The state of several channels as one: the worst. */
export function worstOf(states: Iterable<FeedState>): FeedState {
  let worst: FeedState = 'live';
  for (const state of states) {
    if (state === 'down') return 'down';
    if (state === 'stale') worst = 'stale';
  }
  return worst;
}
