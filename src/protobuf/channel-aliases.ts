import type { ChannelName } from '../candle/channel.ts';

/** What an alias stands for: a channel in one of its epochs. */
export interface AliasedChannel {
  readonly channel: ChannelName;
  readonly epoch: string;
}

/** The writer's side: numbers from 1 on, in the order in which channels and epochs are first written. */
export class AliasBook {
  readonly #epochs = new Map<ChannelName, Map<string, number>>();
  #count = 0;

  /** 0 without an epoch: nothing is known of the channel, and no candle of it can come. */
  of(channel: ChannelName, epoch: string | null): number {
    if (epoch === null) return 0;
    let epochs = this.#epochs.get(channel);
    if (epochs === undefined) {
      epochs = new Map();
      this.#epochs.set(channel, epochs);
    }
    let alias = epochs.get(epoch);
    if (alias === undefined) {
      this.#count += 1;
      alias = this.#count;
      epochs.set(epoch, alias);
    }
    return alias;
  }
}

/** The reader's side, of one connection: what the messages so far have said. */
export class KnownAliases {
  readonly #known = new Map<number, AliasedChannel>();

  learn(alias: number, channel: ChannelName, epoch: string | null): void {
    if (alias !== 0 && epoch !== null) this.#known.set(alias, { channel, epoch });
  }

  get(alias: number): AliasedChannel | undefined {
    return this.#known.get(alias);
  }
}
