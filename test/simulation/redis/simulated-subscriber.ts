import type {
  BusListener,
  BusState,
  BusSubscriber,
  ChannelHistory,
  LeaderHeartbeat,
} from '../../../src/bus/bus.ts';
import { historyOf } from '../../../src/bus/publish-rule.ts';
import { CanaryWatch } from '../../../src/bus/redis/canary-watch.ts';
import type { Channel, ChannelName } from '../../../src/candle/channel.ts';
import type { BusCandleMessage } from '../../../src/candle/messages.ts';
import type { Random } from '../random.ts';
import type { VirtualProcess } from '../time/virtual-process.ts';
import { RedisConnection } from './redis-connection.ts';
import type { RedisNetwork } from './redis-network.ts';

/** What is published on the simulated server. */
type Published =
  | { readonly candle: BusCandleMessage }
  | { readonly heartbeat: LeaderHeartbeat }
  | { readonly canary: string };

const CANARY_INTERVAL_MS = 1_000;
const CANARY_LOST_MS = 2_500;
const TICKS_PER_CANARY = 4;

export interface SimulatedSubscriberDeps {
  readonly process: VirtualProcess;
  readonly network: RedisNetwork;
  readonly random: Random;
  /** Chance that a published message is lost though the connection stands, as between cluster nodes. */
  readonly messageLoss: () => number;
}

/** The side of the gateway: two connections to the simulated server, and the real canary watch. */
export class SimulatedSubscriber implements BusSubscriber {
  readonly #deps: SimulatedSubscriberDeps;
  readonly #reader: RedisConnection;
  readonly #canary: string;
  #watch: CanaryWatch | null = null;
  #isCanaryOut = false;

  constructor(deps: SimulatedSubscriberDeps) {
    this.#deps = deps;
    const { process, network, random } = deps;
    this.#reader = new RedisConnection({ process, network, random });
    this.#canary = `${process.name} ${random.next()}`;
  }

  follow(): void {
    throw new Error('simulated gateways follow the same channels throughout');
  }

  get state(): BusState {
    return this.#watch?.hears === true ? 'connected' : 'lost';
  }

  start(channels: readonly Channel[], listener: BusListener): void {
    const { process, network, random, messageLoss } = this.#deps;
    const wanted = new Set<ChannelName>(channels.map(({ name }) => name));
    const tickMs = CANARY_INTERVAL_MS / TICKS_PER_CANARY;
    const watch = new CanaryWatch({ tickMs, lostAfterMs: CANARY_LOST_MS }, process.scheduler.now);
    this.#watch = watch;
    const connection = new RedisConnection({
      process,
      network,
      random,
      onReady: () => void subscribe(),
      onMessages: (messages) => {
        const heard = (messages as readonly Published[]).filter(
          () => !random.chance(messageLoss()),
        );
        this.#deliver(heard, wanted, listener, watch);
      },
    });
    const subscribe = async (): Promise<void> => {
      try {
        await connection.call((_, socket) => {
          socket.isSubscribed = true;
        });
      } catch {
        // The connection is gone and another is made, or no canary will be heard.
        return;
      }
      this.#isCanaryOut = false;
      watch.restart(process.scheduler.now);
      listener.onSubscribed();
      this.#publishCanary();
    };
    let ticks = 0;
    process.every(tickMs, () => {
      ticks += 1;
      if (ticks % TICKS_PER_CANARY === 0) this.#publishCanary();
      const { lost, reconnect } = watch.tick(process.scheduler.now);
      if (lost) listener.onState('lost');
      if (reconnect && connection.isReady && (lost || this.#isCanaryOut)) connection.reconnect();
    });
  }

  readHistory(channel: Channel, after?: number): Promise<ChannelHistory | null> {
    return this.#reader.call((server) => {
      const state = server.read(channel);
      return state === null ? null : historyOf(state, after);
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #publishCanary(): void {
    if (!this.#reader.isReady) return;
    const canary = this.#canary;
    this.#reader
      .call((server) => server.publish({ canary }))
      .then(
        () => {
          this.#isCanaryOut = true;
        },
        // Then it will not be heard.
        () => undefined,
      );
  }

  #deliver(
    messages: readonly Published[],
    wanted: ReadonlySet<ChannelName>,
    listener: BusListener,
    watch: CanaryWatch,
  ): void {
    const { process } = this.#deps;
    const candles: BusCandleMessage[] = [];
    const heartbeats: LeaderHeartbeat[] = [];
    for (const message of messages) {
      if ('candle' in message) {
        if (wanted.has(message.candle.channel)) candles.push(message.candle);
      } else if ('heartbeat' in message) {
        heartbeats.push(message.heartbeat);
      } else if (message.canary === this.#canary && watch.heard(process.scheduler.now)) {
        listener.onState('connected');
      }
    }
    if (candles.length > 0) listener.onCandles(candles, process.now());
    for (const heartbeat of heartbeats) listener.onHeartbeat(heartbeat, process.now());
  }
}
