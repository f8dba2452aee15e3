import type { Candle } from '../../candle/candle.ts';
import type { Channel } from '../../candle/channel.ts';
import { roundToMicrosecond, type BusTimes } from '../../candle/hop-times.ts';
import type { BusCandleMessage } from '../../candle/messages.ts';
import { assertSeedable } from '../assert-seedable.ts';
import type {
  BusPublisher,
  ClaimResult,
  Fence,
  LeaderHeartbeat,
  Publication,
  PublishResult,
  SeedResult,
} from '../bus.ts';
import { claim, publish, seed } from '../publish-rule.ts';
import type { MemoryStore } from './memory-store.ts';

export class MemoryPublisher implements BusPublisher {
  readonly #store: MemoryStore;

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  claim(channel: Channel, fence: Fence): Promise<ClaimResult> {
    const { result } = this.#store.apply(channel, (state, context) => claim(state, fence, context));
    return Promise.resolve(result);
  }

  async seed(
    channel: Channel,
    fence: Fence,
    closed: readonly Candle[],
    times: Publication['times'],
  ): Promise<SeedResult> {
    assertSeedable(closed);
    const content = { channel, closed, times: this.#stamp(times) };
    const { result } = this.#store.apply(channel, (state, context) =>
      seed(state, fence, content, context),
    );
    return Promise.resolve(result);
  }

  publish(batch: readonly Publication[], fence: Fence): Promise<PublishResult[]> {
    const accepted: BusCandleMessage[] = [];
    const results = batch.map((publication) => {
      const stamped = {
        ...publication,
        times: this.#stamp(publication.times, publication.readyAt),
      };
      const { result, message } = this.#store.apply(publication.channel, (state, context) =>
        publish(state, fence, stamped, context),
      );
      if (message !== null) accepted.push(message);
      return result;
    });
    this.#store.deliver(accepted);
    return Promise.resolve(results);
  }

  heartbeat(heartbeat: LeaderHeartbeat): Promise<void> {
    this.#store.deliverHeartbeat(heartbeat);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #stamp({ exchange, ingest }: Publication['times'], readyAt?: number): BusTimes {
    return { exchange, ingest, published: roundToMicrosecond(readyAt ?? this.#store.clock.now()) };
  }
}
