import type { Channel, ChannelName } from '../../candle/channel.ts';
import type { BusListener, BusState, BusSubscriber, ChannelHistory } from '../bus.ts';
import { historyOf } from '../publish-rule.ts';
import type { MemoryStore, MemoryStoreListener } from './memory-store.ts';

/** Hears everything: within one process the only state is `connected`. */
export class MemorySubscriber implements BusSubscriber {
  readonly #store: MemoryStore;
  #listener: MemoryStoreListener | null = null;
  #wanted: ReadonlySet<ChannelName> = new Set();
  #onFollowed: () => void = () => undefined;
  #state: BusState = 'lost';

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  get state(): BusState {
    return this.#state;
  }

  start(channels: readonly Channel[], listener: BusListener): void {
    if (this.#listener !== null) throw new Error('the subscriber has been started before');
    this.#wanted = new Set(channels.map(({ name }) => name));
    this.#onFollowed = () => listener.onSubscribed();
    const { clock } = this.#store;
    const own: MemoryStoreListener = {
      onCandles: (messages) => {
        const mine = messages.filter(({ channel }) => this.#wanted.has(channel));
        if (mine.length > 0) listener.onCandles(mine, clock.now());
      },
      onHeartbeat(heartbeat) {
        listener.onHeartbeat(heartbeat, clock.now());
      },
    };
    this.#listener = own;
    setImmediate(() => {
      // Closed before it began.
      if (this.#listener !== own) return;
      this.#store.listen(own);
      this.#state = 'connected';
      listener.onSubscribed();
      listener.onState('connected');
    });
  }

  follow(channels: readonly Channel[]): void {
    this.#wanted = new Set(channels.map(({ name }) => name));
    setImmediate(() => {
      if (this.#state === 'connected') this.#onFollowed();
    });
  }

  readHistory(channel: Channel, after?: number): Promise<ChannelHistory | null> {
    const state = this.#store.read(channel);
    return Promise.resolve(state === null ? null : historyOf(state, after));
  }

  close(): Promise<void> {
    if (this.#listener !== null) this.#store.unlisten(this.#listener);
    this.#listener = null;
    this.#state = 'lost';
    return Promise.resolve();
  }
}
