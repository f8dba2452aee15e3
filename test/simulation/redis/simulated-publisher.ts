import type {
  BusPublisher,
  ClaimResult,
  Fence,
  LeaderHeartbeat,
  Publication,
  PublishResult,
  SeedResult,
} from '../../../src/bus/bus.ts';
import { assertSeedable } from '../../../src/bus/assert-seedable.ts';
import { claim, publish, seed } from '../../../src/bus/publish-rule.ts';
import type { Candle } from '../../../src/candle/candle.ts';
import type { Channel } from '../../../src/candle/channel.ts';
import type { BusTimes } from '../../../src/candle/hop-times.ts';
import type { VirtualProcess } from '../time/virtual-process.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { RedisServer } from './redis-server.ts';

/** Names of epochs, each given once in a simulation. */
export type EpochNames = () => string;

/** The side of ingest, on one connection to the simulated server. */
export class SimulatedPublisher implements BusPublisher {
  readonly #process: VirtualProcess;
  readonly #connection: RedisConnection;
  readonly #newEpoch: EpochNames;

  constructor(process: VirtualProcess, connection: RedisConnection, newEpoch: EpochNames) {
    this.#process = process;
    this.#connection = connection;
    this.#newEpoch = newEpoch;
  }

  claim(channel: Channel, fence: Fence): Promise<ClaimResult> {
    const epoch = this.#newEpoch();
    return this.#connection.call(
      (server) =>
        server.apply(channel, epoch, (state, context) => claim(state, fence, context)).result,
    );
  }

  async seed(
    channel: Channel,
    fence: Fence,
    closed: readonly Candle[],
    times: Publication['times'],
  ): Promise<SeedResult> {
    assertSeedable(closed);
    const epoch = this.#newEpoch();
    const content = { channel, closed, times: this.#stamp(times) };
    return this.#connection.call(
      (server) =>
        server.apply(channel, epoch, (state, context) => seed(state, fence, content, context))
          .result,
    );
  }

  async publish(batch: readonly Publication[], fence: Fence): Promise<PublishResult[]> {
    const answers = batch.map(async (publication): Promise<PublishResult> => {
      const epoch = this.#newEpoch();
      const stamped = { ...publication, times: this.#stamp(publication.times) };
      try {
        // Commands of their own, as in a pipeline: the server may end between two.
        return await this.#connection.call((server) => publishOn(server, stamped, fence, epoch));
      } catch (error) {
        return { status: 'failed', error: error instanceof Error ? error : new Error('failed') };
      }
    });
    return Promise.all(answers);
  }

  async heartbeat(heartbeat: LeaderHeartbeat): Promise<void> {
    try {
      await this.#connection.call((server) => server.publish({ heartbeat }));
    } catch {
      // Best effort, says the interface.
      return;
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #stamp({ exchange, ingest }: Publication['times']): BusTimes {
    return { exchange, ingest, published: this.#process.now() };
  }
}

function publishOn(
  server: RedisServer,
  publication: Publication & { readonly times: BusTimes },
  fence: Fence,
  newEpoch: string,
): PublishResult {
  const { result, message } = server.apply(publication.channel, newEpoch, (state, context) =>
    publish(state, fence, publication, context),
  );
  if (message !== null) server.publish({ candle: message });
  return result;
}
