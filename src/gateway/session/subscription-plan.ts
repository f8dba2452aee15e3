import { parseChannel, type ChannelName } from '../../candle/channel.ts';
import { ERROR_CODES, type ErrorCode } from '../../candle/codes.ts';
import type { ClientMessageOf } from '../../candle/messages.ts';
import type { ChannelGrant } from '../auth/channel-grant.ts';
import type { ChannelDirectory, ChannelView } from '../channel-view.ts';

/** A channel as the client spelled it, or by its canonical name, and what is wrong with it. */
export interface RefusedChannel {
  readonly channel: string;
  readonly code: ErrorCode;
  readonly detail: string;
}

export interface AcceptedChannel {
  readonly view: ChannelView;
  readonly since?: number;
}

export interface SubscriptionPlan {
  readonly accepted: readonly AcceptedChannel[];
  readonly refused: readonly RefusedChannel[];
}

/** Also says which spelling is at fault when a whole message is refused for its `since`. */
export type SubscriptionPlanResult = SubscriptionPlan | { readonly malformedSince: string };

function refuse(channel: string, code: ErrorCode): RefusedChannel {
  return { channel, code, detail: ERROR_CODES[code] };
}

/** `since` by canonical name. Of two spellings of one channel the earlier start counts. */
function canonicalSince(
  since: Readonly<Record<string, number>>,
): Map<ChannelName, number> | { readonly malformedSince: string } {
  const starts = new Map<ChannelName, number>();
  for (const [spelling, start] of Object.entries(since)) {
    const channel = parseChannel(spelling);
    // A typo here would turn a resume into a plain snapshot without a word.
    if (typeof channel === 'string') return { malformedSince: spelling };
    starts.set(channel.name, Math.min(start, starts.get(channel.name) ?? Infinity));
  }
  return starts;
}

/**
 * Sorts the channels of a `subscribe` into accepted and refused ones, each channel once.
 *
 * @param grant which channels the connection may see
 * @param held the channels that it holds already
 * @param maxSubscriptions how many it may hold
 */
export function planSubscription(
  message: ClientMessageOf<'subscribe'>,
  directory: ChannelDirectory,
  grant: ChannelGrant,
  held: ReadonlySet<ChannelView>,
  maxSubscriptions: number,
): SubscriptionPlanResult {
  const since = canonicalSince(message.since ?? {});
  if ('malformedSince' in since) return since;
  const accepted = new Map<ChannelView, AcceptedChannel>();
  const refused = new Map<string, RefusedChannel>();
  let count = held.size;
  for (const spelling of message.channels) {
    const channel = parseChannel(spelling);
    const view = typeof channel === 'string' ? undefined : directory.get(channel.name);
    if (view === undefined) {
      refused.set(spelling, refuse(spelling, 'unknown_channel'));
      continue;
    }
    if (accepted.has(view)) continue;
    const { name } = view.channel;
    if (!grant.allows(view.channel)) {
      refused.set(name, refuse(name, 'forbidden_channel'));
      continue;
    }
    if (!held.has(view)) {
      if (count >= maxSubscriptions) {
        refused.set(name, refuse(name, 'too_many_subscriptions'));
        continue;
      }
      count += 1;
    }
    const start = since.get(name);
    accepted.set(view, start === undefined ? { view } : { view, since: start });
  }
  return { accepted: [...accepted.values()], refused: [...refused.values()] };
}

/** Sorts the channels of an `unsubscribe` into held ones and others, each channel once. */
export function planUnsubscription(
  message: ClientMessageOf<'unsubscribe'>,
  directory: ChannelDirectory,
  held: ReadonlySet<ChannelView>,
): { readonly views: readonly ChannelView[]; readonly refused: readonly RefusedChannel[] } {
  const views = new Set<ChannelView>();
  const refused = new Map<string, RefusedChannel>();
  for (const spelling of message.channels) {
    const channel = parseChannel(spelling);
    if (typeof channel === 'string') {
      refused.set(spelling, refuse(spelling, 'unknown_channel'));
      continue;
    }
    const view = directory.get(channel.name);
    if (view !== undefined && held.has(view)) views.add(view);
    else refused.set(channel.name, refuse(channel.name, 'not_subscribed'));
  }
  return { views: [...views], refused: [...refused.values()] };
}
