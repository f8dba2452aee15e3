import type { ChannelName } from '../../src/candle/channel.ts';
import { SimulatedClient, type RequestBook } from './client/simulated-client.ts';
import { calmExchange, type ExchangeConditions } from './exchange/conditions.ts';
import { Market } from './exchange/market.ts';
import { GatewayNode } from './gateway/gateway-node.ts';
import { IngestNode } from './ingest-node.ts';
import { drawPlan, type Plan } from './plan.ts';
import { Random } from './random.ts';
import { RedisNetwork } from './redis/redis-network.ts';
import { EMPTY_DATA, RedisServer, type RedisData } from './redis/redis-server.ts';
import { storeReachesBackTo } from './redis/store-reach.ts';
import { PROTOCOLS } from '../support/dialect.ts';
import type { Latency } from './time/pipe.ts';
import { Scheduler } from './time/scheduler.ts';
import { VirtualProcess } from './time/virtual-process.ts';

const CALM_CLIENT_LATENCY: Latency = { minMs: 0.3, meanExtraMs: 1 };

/** Everything of one simulation: exchange, two workers, Redis, two gateways, clients. */
export class World {
  readonly plan: Plan;
  /** Whether clocks are set among the faults; in every third seed, so that those known from before stay as they were. */
  readonly setsClocks: boolean;
  readonly scheduler: Scheduler;
  /** For the schedule of faults. */
  readonly random: Random;
  readonly market: Market;
  readonly exchange: ExchangeConditions = calmExchange();
  readonly network: RedisNetwork;
  readonly workers: readonly IngestNode[];
  readonly gateways: readonly GatewayNode[];
  readonly clients: SimulatedClient[];
  /** Every server that has not ended, also one that is no longer the master. */
  readonly servers = new Set<RedisServer>();
  clientLatency = CALM_CLIENT_LATENCY;
  messageLoss: number;
  /** What the parts themselves reported as a fault of theirs. */
  readonly faults: string[] = [];
  readonly trace: string[] = [];
  /** How often what happened in the parts, by the names of their metrics. */
  readonly counts = new Map<string, number>();
  readonly #count = (what: string): void => {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  };
  #epochs = 0;
  #replications = 0;

  constructor(seed: number) {
    const random = new Random(seed);
    this.random = random;
    const plan = drawPlan(random.fork());
    this.plan = plan;
    this.setsClocks = seed % 3 === 0;
    this.scheduler = new Scheduler(random.fork());
    const { scheduler } = this;
    this.messageLoss = plan.messageLoss;
    this.market = new Market(scheduler, random.fork(), { ...plan, pastMinutes: 60 });
    this.network = new RedisNetwork(random.fork());
    this.resumeChances();
    const skew = (): number => random.between(-plan.maxClockSkewMs, plan.maxClockSkewMs);
    this.workers = ['w1', 'w2'].map(
      (name) =>
        new IngestNode({
          scheduler,
          random: random.fork(),
          name,
          clockSkewMs: skew(),
          network: this.network,
          market: this.market,
          conditions: this.exchange,
          // In time for the second answer, or what is taken not to exist would.
          maxRowLateMs: 0.9 * plan.absenceAgreeMs,
          channels: plan.channels,
          settings: {
            history: plan.historyDepth,
            closeGraceMs: plan.closeGraceMs,
            seedTimeoutMs: plan.seedTimeoutMs,
            giveUpMs: plan.giveUpMs,
            absenceAgreeMs: plan.absenceAgreeMs,
          },
          count: this.#count,
          newEpoch: () => this.#newEpoch(),
        }),
    );
    this.gateways = ['g1', 'g2'].map(
      (name) =>
        new GatewayNode({
          scheduler,
          random: random.fork(),
          name,
          clockSkewMs: skew(),
          network: this.network,
          channels: plan.channels,
          historyDepth: plan.gatewayDepth,
          sessionSettings: {
            heartbeatMs: plan.heartbeatMs,
            pingMs: plan.pingMs,
            pongTimeoutMs: 1_000,
            stallTimeoutMs: 6_000,
            maxPartCandles: plan.maxPartCandles,
            maxTurnCandles: 2 * plan.maxPartCandles,
            lowWaterBytes: 500,
          },
          count: this.#count,
          messageLoss: () => this.messageLoss,
          clientLatency: () => this.clientLatency,
          onFault: (what, facts) => this.faults.push(`${name}: ${what} ${describe(facts)}`),
          onUnrecovered: (request, channels) => this.#noteUnrecovered(request, channels),
        }),
    );
    this.clients = Array.from({ length: plan.clients }, (_, index) => this.#createClient(index));
  }

  start(): void {
    this.startMaster(EMPTY_DATA);
    for (const worker of this.workers) worker.start();
    for (const gateway of this.gateways) gateway.start();
    for (const client of this.clients) {
      const { process, random } = client.deps;
      process.after(random.between(0, 3_000), () => client.connect());
    }
  }

  /** A client that has nothing yet. */
  addClient(): void {
    const client = this.#createClient(this.clients.length);
    this.clients.push(client);
    client.deps.process.after(0, () => client.connect());
  }

  /** A server that may have forgotten something: its replication id is new. */
  startMaster(data: RedisData): RedisServer {
    this.#replications += 1;
    const server = new RedisServer(this.scheduler, {
      name: `redis-${this.#replications}`,
      data,
      replicationId: `r${this.#replications}`,
      historyDepth: this.plan.historyDepth,
      clockSkewMs: this.random.between(-this.plan.maxClockSkewMs, this.plan.maxClockSkewMs),
      onBroken: (what) => this.faults.push(`the store: ${what}`),
      onGivenUp: (channel, start) => this.#givenUp.push({ channel, start }),
    });
    this.servers.add(server);
    this.network.master = server;
    return server;
  }

  killServer(server: RedisServer): void {
    if (this.network.master === server) this.network.master = null;
    this.servers.delete(server);
    server.kill();
  }

  note(text: string): void {
    this.trace.push(`${(this.scheduler.now / 1000).toFixed(3)} ${text}`);
  }

  /** The chances that the plan has for the whole run. */
  resumeChances(): void {
    const { frameLoss, frameDelay, frameRepeat, messageLoss } = this.plan;
    Object.assign(this.exchange, { frameLoss, frameDelay, frameRepeat });
    this.messageLoss = messageLoss;
  }

  /** Nothing fails any more, and everything that does not run is started. */
  heal(): void {
    Object.assign(this.exchange, calmExchange());
    this.clientLatency = CALM_CLIENT_LATENCY;
    this.network.latency = { minMs: 0.2, meanExtraMs: 0.6 };
    for (const server of [...this.servers]) {
      server.process.thaw(this.random);
      if (server !== this.network.master) this.killServer(server);
    }
    if (this.network.master === null) this.startMaster(EMPTY_DATA);
    for (const node of [...this.workers, ...this.gateways]) {
      this.network.rejoin(node.name);
      node.process?.thaw();
      node.start();
    }
  }

  #marketNow(name: ChannelName): number {
    const channel = this.plan.channels.find((each) => each.name === name);
    return channel === undefined ? 0 : this.market.currentStart(channel);
  }

  #createClient(index: number): SimulatedClient {
    const { random, plan } = this;
    const own = random.fork();
    const usesPath = own.chance(0.25);
    // What lies in large buffers would take such a client longer than healing may.
    const isVerySlow = own.chance(0.15);
    const [first] = plan.channels;
    const channels = usesPath && first !== undefined ? [first] : plan.channels;
    const encoding = index % 2 === 0 ? 0 : 1;
    // Messages of the second one are an eighth as large, and buffers shall fill all the same.
    const scale = [1, 1 / 8][encoding] ?? 1;
    return new SimulatedClient({
      process: new VirtualProcess(this.scheduler, `c${index + 1}`),
      random: own,
      gateways: this.gateways,
      channels: channels.map(({ name }) => name),
      bounds: isVerySlow
        ? { kernelBytes: 1_000 * scale, bufferBytes: 1_500 * scale }
        : {
            kernelBytes: own.pick([1_000, 20_000]) * scale,
            bufferBytes: own.pick([1_500, 5_000, 20_000]) * scale,
          },
      protocol: PROTOCOLS[encoding],
      usesPath,
      readingMs: isVerySlow ? 350 : own.pick([0, 0, 20, 120]),
      marketNow: (channel) => this.#marketNow(channel),
      requests: this.#requests,
      offsets: this.#offsets,
    });
  }

  /** What came under each offset, over all clients. */
  readonly #offsets = new Map<string, string>();
  readonly #asked = new Map<string, Readonly<Record<string, number>>>();
  readonly #reached = new Map<string, boolean>();
  /** Closes that any store took without the ones before them, which ingest could not get in time. */
  readonly #givenUp: { readonly channel: ChannelName; readonly start: number }[] = [];
  readonly #requests: RequestBook = {
    asked: (request, since) => this.#asked.set(request, since),
    historyReached: (request, channel) => this.#reached.get(`${request} ${channel}`) ?? true,
  };

  #noteUnrecovered(request: string, channels: readonly ChannelName[]): void {
    for (const channel of channels) {
      const since = this.#asked.get(request)?.[channel];
      const state = this.network.master?.data.channels.get(channel);
      // The gateway may speak of a store that is no longer the master.
      const isGivenUp = this.#givenUp.some(
        (each) => each.channel === channel && since !== undefined && each.start > since,
      );
      const reached = since !== undefined && !isGivenUp && storeReachesBackTo(state, since);
      this.#reached.set(`${request} ${channel}`, reached);
    }
  }

  #newEpoch(): string {
    this.#epochs += 1;
    return `e${this.#epochs}`;
  }
}

function describe(facts: object): string {
  if ('err' in facts && facts.err instanceof Error) return facts.err.stack ?? facts.err.message;
  return JSON.stringify(facts);
}
