import type { Candle } from '../candle/candle.ts';
import type { Channel } from '../candle/channel.ts';
import type { BusTimes } from '../candle/hop-times.ts';
import type { BusCandleMessage, Source } from '../candle/messages.ts';
import type {
  ChannelHead,
  ChannelHistory,
  ClaimResult,
  Fence,
  Publication,
  PublishResult,
  SeedResult,
} from './bus.ts';
import { composeMessage, type MessageContent } from './candle-text.ts';
import { isBelow } from './fence.ts';

/**
 * The rule by which a store takes candles, as pure functions on what it knows of one channel. The
 * in-process bus runs them; the Lua scripts of `redis/lua` say the same and are compared with them.
 *
 * One call goes through: fence → epoch → order → offset → history. A call that the fence refuses
 * changes nothing at all; one that only the order refuses may still have begun an epoch.
 */

/** How many closed candles a channel keeps unless the configuration says otherwise. */
export const DEFAULT_HISTORY_DEPTH = 1000;

/** What a store knows of one channel. Immutable. */
export interface ChannelState {
  /** The highest that was seen. */
  readonly fence: Fence;
  /** The store's replication id when the epoch began. */
  readonly replicationId: string;
  readonly epoch: string;
  /** Offset of the last accepted publication of the epoch; 0 before the first. */
  readonly offset: number;
  /** The newest closed candles, in order of `start`. */
  readonly closed: readonly BusCandleMessage[];
  /** The newest update of a candle after the last closed one. */
  readonly open: BusCandleMessage | null;
}

/** What one call brings along besides its arguments. */
export interface RuleContext {
  readonly source: Source;
  /** Another one than the channel's says that the store may have forgotten something. */
  readonly replicationId: string;
  /** The name of the epoch that begins if one must. Never used before. */
  readonly newEpoch: string;
  /** How many closed candles are kept. At least 1. */
  readonly historyDepth: number;
}

/** An answer, and the state after it. */
export interface Ruling<Result> {
  readonly state: ChannelState | null;
  readonly result: Result;
}

export interface PublishRuling extends Ruling<Exclude<PublishResult, { status: 'failed' }>> {
  /** What subscribers are to be told; null when nothing was accepted. */
  readonly message: BusCandleMessage | null;
}

function lastClosedOf(state: ChannelState): number | null {
  return state.closed.at(-1)?.candle.start ?? null;
}

export function headOf(state: ChannelState): ChannelHead {
  return { epoch: state.epoch, offset: state.offset, lastClosed: lastClosedOf(state) };
}

/** What of the state has a `start` greater than `after`. */
export function historyOf(state: ChannelState, after = -1): ChannelHistory {
  return {
    head: headOf(state),
    closed: state.closed.filter(({ candle }) => candle.start > after),
    open: state.open !== null && state.open.candle.start > after ? state.open : null,
  };
}

/** Fence, then epoch. Null when the fence refuses. */
function enter(
  state: ChannelState | null,
  fence: Fence,
  context: RuleContext,
): ChannelState | null {
  if (state !== null && isBelow(fence, state.fence)) return null;
  if (state?.replicationId === context.replicationId) return { ...state, fence };
  return {
    fence,
    replicationId: context.replicationId,
    epoch: context.newEpoch,
    offset: 0,
    closed: state?.closed ?? [],
    open: state?.open ?? null,
  };
}

function fenced(state: ChannelState | null, fence: Fence) {
  return { state, result: { status: 'fenced', fence: state?.fence ?? fence } } as const;
}

/** Adds closed candles to history; an update that is not newer than them has had its time. */
function withClosed(
  state: ChannelState,
  closed: readonly BusCandleMessage[],
  depth: number,
): ChannelState {
  const next = { ...state, closed: [...state.closed, ...closed].slice(-depth) };
  const last = lastClosedOf(next);
  const isOver = next.open !== null && last !== null && next.open.candle.start <= last;
  return isOver ? { ...next, open: null } : next;
}

/** See `BusPublisher.claim`. */
export function claim(
  before: ChannelState | null,
  fence: Fence,
  context: RuleContext,
): Ruling<ClaimResult> {
  const state = enter(before, fence, context);
  if (state === null) return fenced(before, fence);
  const { open } = state;
  const lastOpen = open && { start: open.candle.start, exchange: open.times.exchange };
  return { state, result: { status: 'claimed', head: headOf(state), lastOpen } };
}

/** See `BusPublisher.seed`. */
export function seed(
  before: ChannelState | null,
  fence: Fence,
  content: { channel: Channel; closed: readonly Candle[]; times: BusTimes },
  context: RuleContext,
): Ruling<SeedResult> {
  const entered = enter(before, fence, context);
  if (entered === null) return fenced(before, fence);
  if (lastClosedOf(entered) !== null) {
    return { state: entered, result: { status: 'occupied', head: headOf(entered) } };
  }
  let state = entered;
  if (content.closed.length > 0) {
    const { epoch } = entered;
    const offset = entered.offset + 1;
    const messages = seedContents(content, context.source).map((message, index) => {
      const previous = content.closed[index - 1]?.start ?? null;
      return composeMessage(message, { epoch, offset, previous });
    });
    state = withClosed({ ...entered, offset }, messages, context.historyDepth);
  }
  return { state, result: { status: 'seeded', head: headOf(state) } };
}

/** What a seed's messages say, in its order. All of them came over REST, or might as well have. */
export function seedContents(
  seeded: { channel: Channel; closed: readonly Candle[]; times: BusTimes },
  source: Source,
): MessageContent[] {
  const { channel, closed, times } = seeded;
  return closed.map((candle) => ({ channel, source, candle, times, backfill: true }));
}

/** See `BusPublisher.publish`. */
export function publish(
  before: ChannelState | null,
  fence: Fence,
  publication: Publication & { readonly times: BusTimes },
  context: RuleContext,
): PublishRuling {
  const entered = enter(before, fence, context);
  if (entered === null) return { ...fenced(before, fence), message: null };
  const refusal = judgeOrder(entered, publication);
  if (refusal !== null) {
    const result = { status: refusal, head: headOf(entered) };
    return { state: entered, result, message: null };
  }
  const offset = entered.offset + 1;
  const message = composeMessage(
    { ...publication, source: context.source },
    {
      epoch: entered.epoch,
      offset,
      ...(publication.candle.confirm ? { previous: publication.previous } : {}),
    },
  );
  const state = publication.candle.confirm
    ? withClosed({ ...entered, offset }, [message], context.historyDepth)
    : { ...entered, offset, open: message };
  return { state, result: { status: 'published', head: headOf(state) }, message };
}

/**
 * Two marks: a closed candle must lie behind the last closed one, an update of an open one behind
 * both marks. So the close of one candle is taken although an update of the next came first.
 */
function judgeOrder(state: ChannelState, publication: Publication): 'stale' | 'gap' | null {
  const { candle, previous, times } = publication;
  const lastClosed = lastClosedOf(state);
  if (lastClosed !== null && candle.start <= lastClosed) return 'stale';
  if (candle.confirm) return previous === null || previous === lastClosed ? null : 'gap';
  if (state.open === null) return null;
  const open = state.open;
  if (candle.start !== open.candle.start) return candle.start < open.candle.start ? 'stale' : null;
  return times.exchange <= open.times.exchange ? 'stale' : null;
}
