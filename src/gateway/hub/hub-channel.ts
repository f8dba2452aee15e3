import type { Candle } from '../../candle/candle.ts';
import type { Channel } from '../../candle/channel.ts';
import type { ChannelHeadMessage, FeedState } from '../../candle/messages.ts';
import type { ChannelView } from '../channel-view.ts';
import type { ChannelState } from './channel-state.ts';
import type { FanOut } from './fan-out.ts';
import type { Settleable } from './settled-closes.ts';

/** One channel of the hub: its state, its subscribers, and what sessions may see of it. */
export class HubChannel implements ChannelView, Settleable {
  readonly channel: Channel;
  readonly state: ChannelState;
  readonly fanOut: FanOut;
  feed: FeedState = 'stale';
  /** What the leader last said of the channel. */
  leaderState: FeedState | null = null;
  /** When the newest live message came, or the first history; ms since 1970. */
  newestAt: number | null = null;
  settled: number | null = null;

  constructor(channel: Channel, state: ChannelState, fanOut: FanOut) {
    this.channel = channel;
    this.state = state;
    this.fanOut = fanOut;
  }

  get lastClosed(): number | null {
    return this.state.history.lastClosed;
  }

  head(): ChannelHeadMessage {
    // An epoch without any candle is the store's affair: nothing is known of the channel.
    const isKnown = this.lastClosed !== null || this.state.openCandle !== null;
    return {
      channel: this.channel.name,
      epoch: isKnown ? this.state.epoch : null,
      offset: isKnown ? this.state.offset : 0,
      lastClosed: this.lastClosed,
      state: this.feed,
    };
  }
  settledClose(): number | null {
    return this.settled;
  }
  closedAfter(start: number | null, limit: number): readonly Candle[] {
    return this.state.history.closedAfter(start, limit);
  }
  newestClosed(count: number, before: number | null): readonly Candle[] {
    return this.state.history.newestClosed(count, before);
  }
  openCandle(): Candle | null {
    return this.state.openCandle;
  }
  reachesBackTo(since: number): boolean {
    return this.state.history.reachesBackTo(since);
  }
  handedOverAt(epoch: string, offset: number): number | null {
    return this.fanOut.handOvers.at(epoch, offset);
  }
  lastUpdate(): number | null {
    return this.state.lastUpdate;
  }
}
