/** The encodings that clients choose between. */
export type Encoding = 'json' | 'protobuf';
export type ByEncoding = Readonly<Record<Encoding, number>>;

/** What one gateway process costs, as measured; `figures.ts` reads it from results of the bench. */
export interface Figures {
  /** CPU of handing one update to one client, µs. */
  readonly deliveryUs: ByEncoding;
  /** CPU of one message from Redis whatever the number of clients: reading, history, encoding; µs. */
  readonly messageUs: number;
  /** CPU of an open connection without updates (pings, heartbeats), µs a second. */
  readonly idleUs: number;
  /** CPU of an upgrade with `welcome`, subscription and first snapshot, µs; limits on. */
  readonly upgradeUs: { readonly newToken: number; readonly seenToken: number };
  /** Memory of a gateway without clients and history, and of each connection and held candle; bytes. */
  readonly baseBytes: number;
  readonly connectionBytes: number;
  readonly heldCandleBytes: number;
  /** What a remembered token costs, bytes. */
  readonly tokenBytes: number;
  /** An update of the open candle as a WebSocket frame, bytes. */
  readonly updateBytes: ByEncoding;
  /** CPU of Redis for one candle taken by the script, and for its delivery to one gateway; µs. */
  readonly redisPublishUs: number;
  readonly redisDeliveryUs: number;
}

/** What is asked of an installation. */
export interface Demand {
  readonly clients: number;
  /** Channels that are served. */
  readonly channels: number;
  /** Channels that a client holds. */
  readonly subscriptions: number;
  /** Updates of a channel, a second. */
  readonly updatesPerSecond: number;
  readonly encoding: Encoding;
}

/** How full things may be in ordinary times. */
export interface Policy {
  /** Share of a gateway's one core, of a network card and of Redis' one core. */
  readonly utilization: number;
  /** Connections of one gateway. */
  readonly connectionsPerPod: number;
  readonly podMemoryBytes: number;
  /** What a pod may send, bits a second. */
  readonly podBandwidth: number;
  /** Gateways that may be away. */
  readonly spare: number;
  /** Closed candles that are held of each channel. */
  readonly history: number;
  /** What a frame costs on the wire beside itself: TLS, TCP, IP and Ethernet; bytes. */
  readonly envelopeBytes: number;
  /** Of the kernel, for each connection, bytes. */
  readonly kernelBytes: number;
  /** Tokens that a gateway remembers at most. */
  readonly rememberedTokens: number;
}

export const DEFAULT_POLICY: Policy = {
  utilization: 0.6,
  connectionsPerPod: 25_000,
  podMemoryBytes: 2 * 1024 ** 3,
  podBandwidth: 1e9,
  spare: 1,
  history: 1_000,
  envelopeBytes: 92,
  kernelBytes: 4_096,
  rememberedTokens: 20_000,
};

/** What bounds the number of clients of a gateway. */
export type Bound = 'CPU' | 'connections' | 'memory' | 'bandwidth';

export interface Plan {
  /** Null: not to be had, for what a gateway costs without clients is too much for it already. */
  readonly pods: number | null;
  /** Clients of a gateway when all are there, and the most that it may have. */
  readonly clientsPerPod: number;
  readonly mostPerPod: number;
  readonly boundBy: Bound;
  /** Of one gateway at the most that it may have. */
  readonly bounds: Readonly<Record<Bound, number>>;
  /** Over all gateways. */
  readonly cores: number;
  readonly deliveriesPerSecond: number;
  readonly bitsPerSecond: number;
  /** Resident memory of one gateway with its share, bytes. */
  readonly podBytes: number;
  readonly redis: {
    /** Candles that ingest writes, a second. */
    readonly messagesPerSecond: number;
    /** Those times gateways. */
    readonly deliveriesPerSecond: number;
    /** Share of its one core. */
    readonly load: number;
    /** Servers (shards of a cluster) that keep the load within the policy. */
    readonly shards: number;
    readonly bitsPerSecond: number;
  };
}

/** The JSON that goes through Redis is nearly what clients get. */
const BITS = 8;

/** What a gateway carries, and how many are needed. */
export function planFor(demand: Demand, figures: Figures, policy: Policy = DEFAULT_POLICY): Plan {
  const { clients, channels, updatesPerSecond, encoding } = demand;
  const subscriptions = Math.min(demand.subscriptions, channels);
  const perClient = subscriptions * updatesPerSecond;
  const messagesPerSecond = channels * updatesPerSecond;

  const clientUs = perClient * figures.deliveryUs[encoding] + figures.idleUs;
  const fixedUs = messagesPerSecond * figures.messageUs;
  const fixedBytes =
    figures.baseBytes +
    channels * policy.history * figures.heldCandleBytes +
    policy.rememberedTokens * figures.tokenBytes;
  const clientBytes = figures.connectionBytes + policy.kernelBytes;
  const wireBits = (figures.updateBytes[encoding] + policy.envelopeBytes) * BITS;

  const bounds: Record<Bound, number> = {
    CPU: (policy.utilization * 1e6 - fixedUs) / clientUs,
    connections: policy.connectionsPerPod,
    memory: (policy.podMemoryBytes - fixedBytes) / clientBytes,
    bandwidth: (policy.utilization * policy.podBandwidth) / (perClient * wireBits),
  };
  const boundBy = (Object.keys(bounds) as Bound[]).reduce((least, bound) =>
    bounds[bound] < bounds[least] ? bound : least,
  );
  const mostPerPod = Math.floor(bounds[boundBy]);
  const pods = mostPerPod < 1 ? null : Math.ceil(clients / mostPerPod) + policy.spare;
  const clientsPerPod = pods === null ? 0 : Math.ceil(clients / pods);

  const redisDeliveries = messagesPerSecond * (pods ?? 0);
  const redisUs =
    messagesPerSecond * figures.redisPublishUs + redisDeliveries * figures.redisDeliveryUs;
  return {
    pods,
    clientsPerPod,
    mostPerPod: Math.max(0, mostPerPod),
    boundBy,
    bounds,
    cores: (clients * clientUs + (pods ?? 0) * fixedUs) / 1e6,
    deliveriesPerSecond: clients * perClient,
    bitsPerSecond: clients * perClient * wireBits,
    podBytes: fixedBytes + clientsPerPod * clientBytes,
    redis: {
      messagesPerSecond,
      deliveriesPerSecond: redisDeliveries,
      load: redisUs / 1e6,
      shards: Math.max(1, Math.ceil(redisUs / 1e6 / policy.utilization)),
      bitsPerSecond: redisDeliveries * (figures.updateBytes.json + policy.envelopeBytes) * BITS,
    },
  };
}

/**
 * Handshakes a second that a gateway can take in beside its ordinary work.
 *
 * @param load share of its core that ordinary work takes
 */
export function spareUpgrades(load: number, upgradeUs: number): number {
  return (Math.max(0, 1 - load) * 1e6) / upgradeUs;
}
