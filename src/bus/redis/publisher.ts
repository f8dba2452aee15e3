import type { Logger } from 'pino';
import type { Candle } from '../../candle/candle.ts';
import type { Channel } from '../../candle/channel.ts';
import { roundToMicrosecond, type BusTimes } from '../../candle/hop-times.ts';
import type { Clock } from '../../time/clock.ts';
import { assertSeedable } from '../assert-seedable.ts';
import type {
  BusNamespace,
  BusObserver,
  BusPublisher,
  ClaimResult,
  Fence,
  LeaderHeartbeat,
  Publication,
  PublishResult,
  SeedResult,
} from '../bus.ts';
import { messageHead, messageTail } from '../candle-text.ts';
import { randomEpochName } from '../epoch-name.ts';
import { DEFAULT_HISTORY_DEPTH, seedContents } from '../publish-rule.ts';
import { createAsk, type Ask } from '../../redis/ask.ts';
import type { RedisConnections } from '../../redis/connections.ts';
import type { RedisClient } from '../../redis/client.ts';
import { watchConnection } from '../../redis/connection-watch.ts';
import { startClockProbe } from './clock-probe.ts';
import { redisNames, type RedisNames } from './keys.ts';
import { pubSubModeOf, type PubSubMode } from './pub-sub-mode.ts';
import { readClaimReply, readPublishReply, readSeedReply } from './replies.ts';
import { withScripts, type ScriptedRedis } from './scripts.ts';

export interface RedisPublisherDeps {
  readonly namespace: BusNamespace;
  readonly connections: RedisConnections;
  readonly clock: Clock;
  readonly log: Logger;
  readonly observer?: BusObserver;
  /** How many closed candles each channel keeps. Default 1000. */
  readonly historyDepth?: number;
  /** Names the epoch that may begin; never the same name twice. Default: random. */
  readonly newEpoch?: () => string;
}

/** Opens its own connection. Every call answers within twice the connections' command timeout. */
export function createRedisPublisher(deps: RedisPublisherDeps): BusPublisher {
  return new RedisPublisher(deps);
}

/** A publication and where its answer belongs. */
interface Placed {
  readonly publication: Publication;
  readonly place: number;
}

class RedisPublisher implements BusPublisher {
  readonly #deps: RedisPublisherDeps;
  readonly #names: RedisNames;
  readonly #connection: RedisClient;
  readonly #scripts: ScriptedRedis;
  readonly #ask: Ask;
  readonly #newEpoch: () => string;
  readonly #pubSubMode: PubSubMode;
  readonly #historyDepth: number;
  readonly #endClockProbe: (() => void) | undefined;

  constructor(deps: RedisPublisherDeps) {
    this.#deps = deps;
    this.#names = redisNames(deps.namespace, deps.connections.isCluster);
    this.#newEpoch = deps.newEpoch ?? randomEpochName;
    this.#historyDepth = deps.historyDepth ?? DEFAULT_HISTORY_DEPTH;
    this.#connection = deps.connections.open('publisher');
    watchConnection(this.#connection, 'publisher', {
      log: deps.log,
      observer: deps.observer,
      address: deps.connections.address,
    });
    this.#pubSubMode = pubSubModeOf(this.#connection);
    this.#scripts = withScripts(this.#connection);
    this.#ask = createAsk(this.#connection, deps.connections);
    if (deps.observer !== undefined) {
      this.#endClockProbe = startClockProbe(this.#connection, deps.clock, deps.observer);
    }
  }

  async claim(channel: Channel, fence: Fence): Promise<ClaimResult> {
    return this.#ask(`claim of ${channel.name}`, async () =>
      readClaimReply(await this.#scripts.candlegateClaim(...this.#prologue(channel, fence))),
    );
  }

  async seed(
    channel: Channel,
    fence: Fence,
    closed: readonly Candle[],
    times: Publication['times'],
  ): Promise<SeedResult> {
    assertSeedable(closed);
    const { namespace } = this.#deps;
    const historyDepth = this.#historyDepth;
    return this.#ask(`seed of ${channel.name}`, async () => {
      const contents = seedContents(
        { channel, closed, times: this.#stamp(times) },
        namespace.source,
      );
      const candles = contents.flatMap((content, index) => [
        String(content.candle.start),
        String(closed[index - 1]?.start ?? null),
        messageTail(content),
      ]);
      const reply = await this.#scripts.candlegateSeed(
        ...this.#prologue(channel, fence),
        historyDepth,
        messageHead(channel),
        // Those that history would not keep need not be sent; each still names its predecessor.
        ...candles.slice(-3 * historyDepth),
      );
      return readSeedReply(reply);
    });
  }

  async publish(batch: readonly Publication[], fence: Fence): Promise<PublishResult[]> {
    const results: PublishResult[] = [];
    const send = async (part: readonly Placed[]) => {
      const publications = part.map(({ publication }) => publication);
      const answers = await this.#publishTogether(publications, fence);
      part.forEach(({ place }, index) => {
        const answer = answers[index];
        if (answer !== undefined) results[place] = answer;
      });
    };
    // Each part waits for its own node only.
    await Promise.all(this.#parts(batch).map(send));
    return results;
  }

  async heartbeat(heartbeat: LeaderHeartbeat): Promise<void> {
    try {
      await this.#ask('heartbeat', () =>
        this.#pubSubMode.publish(this.#scripts, this.#names.heartbeat, JSON.stringify(heartbeat)),
      );
    } catch (error) {
      this.#deps.log.debug({ err: error }, 'the heartbeat was not published');
    }
  }

  async close(): Promise<void> {
    this.#endClockProbe?.();
    await this.#deps.connections.close(this.#connection);
  }

  /** What can be sent as one: all of it, or in a cluster what is of one channel. */
  #parts(batch: readonly Publication[]): readonly (readonly Placed[])[] {
    const placed = batch.map((publication, place) => ({ publication, place }));
    if (!this.#deps.connections.isCluster) return [placed];
    const parts = new Map<string, Placed[]>();
    for (const each of placed) {
      const { name } = each.publication.channel;
      const part = parts.get(name);
      if (part === undefined) parts.set(name, [each]);
      else part.push(each);
    }
    return [...parts.values()];
  }

  /** In one round trip. */
  async #publishTogether(
    publications: readonly Publication[],
    fence: Fence,
  ): Promise<PublishResult[]> {
    if (publications.length === 0) return [];
    try {
      return await this.#ask('publication', async () => {
        const pipeline = this.#scripts.pipeline();
        for (const publication of publications) {
          pipeline.candlegatePublish(...this.#publishArguments(publication, fence));
        }
        const replies = await pipeline.exec();
        return publications.map((publication, index) =>
          this.#readPublished(publication, replies?.[index] ?? [null, undefined]),
        );
      });
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      return publications.map(() => ({ status: 'failed', error: failure }));
    }
  }

  #stamp({ exchange, ingest }: Publication['times'], readyAt?: number): BusTimes {
    return { exchange, ingest, published: roundToMicrosecond(readyAt ?? this.#deps.clock.now()) };
  }

  /** Keys and first arguments of every script that writes to a channel. */
  #prologue(channel: Channel, fence: Fence): string[] {
    const { state, closed } = this.#names.channel(channel);
    return [state, closed, String(fence.token), fence.worker, this.#newEpoch()];
  }

  #publishArguments(publication: Publication, fence: Fence): string[] {
    const { channel, candle, previous, times, readyAt } = publication;
    const { source } = this.#deps.namespace;
    return [
      ...this.#prologue(channel, fence),
      candle.confirm ? '1' : '0',
      String(candle.start),
      String(times.exchange),
      String(previous),
      messageHead(channel),
      messageTail({ ...publication, source, times: this.#stamp(times, readyAt) }),
      String(this.#historyDepth),
      this.#pubSubMode.publishCommand,
      this.#names.candles(channel),
    ];
  }

  #readPublished(
    { channel }: Publication,
    [error, reply]: [error: Error | null, reply: unknown],
  ): PublishResult {
    try {
      if (error !== null) throw error;
      return readPublishReply(reply);
    } catch (cause) {
      return {
        status: 'failed',
        error: this.#ask.failure(`publication on ${channel.name}`, cause),
      };
    }
  }
}
