import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { SentMetrics } from './sent-metrics.ts';
import { TalliedCounter, type Tally } from './tallied-counter.ts';

/** What was fanned out: an update of an open candle, a closed one, a first snapshot, a change of state. */
export const MESSAGE_KINDS = ['open', 'closed', 'snapshot', 'heartbeat'] as const;
export type MessageKind = (typeof MESSAGE_KINDS)[number];

type FanOutTallies = Readonly<
  Record<MessageKind, { readonly messages: Tally; readonly bytes: Tally }>
>;

/** What is looked up of a channel when metrics are scraped. */
export interface ChannelFacts {
  readonly channel: string;
  /**
   * Age of the newest update by the exchange's time, in ms; null before the first and while the
   * exchange's clock is not ours.
   */
  readonly newestAgeMs: number | null;
  /** Sockets that get the channel's messages by fan-out. */
  readonly subscribers: number;
  /** Closed candles held in memory. */
  readonly heldCandles: number;
}

/** From milliseconds (one read over a local network) to the length of an outage. */
const REPAIR_BUCKETS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
];

/** What the gateway's hub tells Prometheus: fan-out, repairs, and the state of bus and channels. */
export class HubMetrics {
  readonly #messages: TalliedCounter<'kind' | 'encoding'>;
  readonly #bytes: TalliedCounter<'kind' | 'encoding'>;
  readonly #fannedOut = new Map<string, FanOutTallies>();
  readonly #repairs: Counter<'cause'>;
  readonly #repairSeconds: Histogram;
  readonly #failedReads: Counter;
  readonly #holes: Counter;
  readonly #duplicates: Counter;
  readonly #ignored: Counter<'reason'>;
  readonly #busConnected: Gauge;
  readonly #registry: Registry;
  readonly #sent: SentMetrics;

  /** @param repairCauses all that `repairStarted` will be told */
  constructor(registry: Registry, sent: SentMetrics, repairCauses: readonly string[] = []) {
    this.#registry = registry;
    this.#sent = sent;
    const registers = [registry];
    this.#messages = new TalliedCounter({
      name: 'candlegate_gateway_fanned_out_messages_total',
      help: 'Messages encoded and published to subscribers, once per encoding, not per client.',
      labelNames: ['kind', 'encoding'],
      registers,
    });
    this.#bytes = new TalliedCounter({
      name: 'candlegate_gateway_encoded_bytes_total',
      help: 'Bytes of the messages that were fanned out, once per encoding, not per client.',
      labelNames: ['kind', 'encoding'],
      registers,
    });
    this.#repairs = new Counter({
      name: 'candlegate_gateway_repairs_total',
      help: 'Repairs of a channel from history, by what caused them.',
      labelNames: ['cause'],
      registers,
    });
    this.#repairSeconds = new Histogram({
      name: 'candlegate_gateway_repair_duration_seconds',
      help: 'From the cause of a repair to its end; messages of the channel waited so long.',
      buckets: REPAIR_BUCKETS_SECONDS,
      registers,
    });
    this.#failedReads = new Counter({
      name: 'candlegate_gateway_history_read_failures_total',
      help: 'Reads of history that the bus did not answer.',
      registers,
    });
    this.#holes = new Counter({
      name: 'candlegate_gateway_history_holes_total',
      help: 'Times that closed candles of a channel could not be had any more.',
      registers,
    });
    this.#duplicates = new Counter({
      name: 'candlegate_gateway_duplicate_messages_total',
      help: 'Messages from the bus that said nothing new.',
      registers,
    });
    this.#ignored = new Counter({
      name: 'candlegate_gateway_ignored_bus_messages_total',
      help: 'Messages from the bus that could not be used.',
      labelNames: ['reason'],
      registers,
    });
    this.#busConnected = new Gauge({
      name: 'candlegate_gateway_bus_connected',
      help: '1 while the gateway hears its own canary through the bus.',
      registers,
    });
    this.#busConnected.set(0);
    for (const cause of repairCauses) this.#repairs.inc({ cause }, 0);
    for (const reason of ['malformed', 'unknown_channel', 'other_source']) {
      this.#ignored.inc({ reason }, 0);
    }
  }

  /** A message was encoded and published to so many subscribers of one encoding. */
  fannedOut(kind: MessageKind, encoding: string, bytes: number, subscribers: number): void {
    const { messages, bytes: all } = (this.#fannedOut.get(encoding) ?? this.#talliesOf(encoding))[
      kind
    ];
    messages.count += 1;
    all.count += bytes;
    this.#sent.sent(kind, encoding, bytes, subscribers);
  }
  repairStarted(cause: string): void {
    this.#repairs.inc({ cause });
  }
  repairFinished(durationMs: number): void {
    this.#repairSeconds.observe(Math.max(0, durationMs) / 1000);
  }
  historyReadFailed(): void {
    this.#failedReads.inc();
  }
  holeFound(): void {
    this.#holes.inc();
  }
  duplicateReceived(): void {
    this.#duplicates.inc();
  }
  /** A message on the bus was not what the bus promises. */
  malformedBusMessage(): void {
    this.#ignored.inc({ reason: 'malformed' });
  }
  unknownChannelReceived(): void {
    this.#ignored.inc({ reason: 'unknown_channel' });
  }
  otherSourceReceived(): void {
    this.#ignored.inc({ reason: 'other_source' });
  }
  busConnected(isConnected: boolean): void {
    this.#busConnected.set(isConnected ? 1 : 0);
  }

  /** Reports these channels whenever metrics are scraped. To be called once. */
  watchChannels(channels: () => Iterable<ChannelFacts>): void {
    const registers = [this.#registry];
    new Gauge({
      name: 'candlegate_gateway_newest_candle_age_seconds',
      help: "Age of the newest update of a channel, by the exchange's time; absent before the first and while the exchange's clock is not ours.",
      labelNames: ['channel'],
      registers,
      collect() {
        this.reset();
        for (const { channel, newestAgeMs } of channels()) {
          if (newestAgeMs !== null) this.set({ channel }, newestAgeMs / 1000);
        }
      },
    });
    new Gauge({
      name: 'candlegate_gateway_channel_subscribers',
      help: 'Sockets of this gateway that get a channel by fan-out.',
      labelNames: ['channel'],
      registers,
      collect() {
        for (const { channel, subscribers } of channels()) this.set({ channel }, subscribers);
      },
    });
    new Gauge({
      name: 'candlegate_gateway_held_candles',
      help: 'Closed candles of a channel that are held in memory.',
      labelNames: ['channel'],
      registers,
      collect() {
        for (const { channel, heldCandles } of channels()) this.set({ channel }, heldCandles);
      },
    });
  }

  #talliesOf(encoding: string): FanOutTallies {
    const tallies = Object.fromEntries(
      MESSAGE_KINDS.map((kind) => {
        const labels = { kind, encoding };
        return [
          kind,
          {
            messages: this.#messages.series(labels, false),
            bytes: this.#bytes.series(labels, false),
          },
        ];
      }),
    ) as FanOutTallies;
    this.#fannedOut.set(encoding, tallies);
    return tallies;
  }
}
