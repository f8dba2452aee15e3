import type { Logger } from 'pino';
import type { BusPublisher, Fence } from '../bus/bus.ts';
import type { ChannelFeed } from './channel-feed.ts';

export interface HeadCheckDeps {
  readonly bus: BusPublisher;
  readonly log: Logger;
  /** A newer leader has been here. */
  readonly onFenced: (newer: Fence) => void;
  /** The feed may have something to publish. */
  readonly onForgotten: (feed: ChannelFeed) => void;
}

/**
 * Asks the store what it has, without anything to publish. Every publication's answer says so too, but
 * a store that has forgotten something (a replica promoted in time for the lease, an old snapshot)
 * would otherwise lack it until the exchange says something new, and gateways would wait for heads
 * that the store has never heard of.
 */
export class HeadCheck {
  readonly #deps: HeadCheckDeps;
  #isUnderWay = false;

  constructor(deps: HeadCheckDeps) {
    this.#deps = deps;
  }

  /** Claims every channel once more; `turn` ends it. Does nothing while an earlier check is under way. */
  async check(feeds: readonly ChannelFeed[], fence: Fence, turn: AbortSignal): Promise<void> {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    await Promise.all(feeds.map((feed) => this.#checkOne(feed, fence, turn)));
    this.#isUnderWay = false;
  }

  async #checkOne(feed: ChannelFeed, fence: Fence, turn: AbortSignal): Promise<void> {
    const { bus, log, onFenced, onForgotten } = this.#deps;
    try {
      const claim = await bus.claim(feed.channel, fence);
      if (turn.aborted) return;
      if (claim.status === 'fenced') {
        onFenced(claim.fence);
        return;
      }
      if (!feed.onHead(claim.head)) return;
      log.warn({ channel: feed.channel.name }, 'the store may have forgotten something');
      onForgotten(feed);
    } catch (error) {
      // The lease and the publications say loudly that the store cannot be reached.
      log.debug({ err: error }, 'the head could not be checked');
    }
  }
}
