import { SpelledUpdate } from '../../bus/spelled-update.ts';
import type { ExchangeClock } from '../../candle/exchange-clock.ts';
import { roundToMicrosecond } from '../../candle/hop-times.ts';
import type { Channel, ChannelName } from '../../candle/channel.ts';
import type { BusCandleMessage, CandleMessage, ServerMessage } from '../../candle/messages.ts';
import type { HopLedger } from '../../metrics/hop-ledger.ts';
import type { HubMetrics, MessageKind } from '../../metrics/hub-metrics.ts';
import type { Clock } from '../../time/clock.ts';
import type { LoopStalls } from '../../time/loop-stalls.ts';
import type { PassageTraces } from '../../tracing/passage-traces.ts';
import { topicOf } from '../channel-view.ts';
import type { Codec } from '../codec/codec.ts';
import { frameBytes } from '../frame-bytes.ts';
import { HandOvers } from './hand-overs.ts';
import type { Broadcaster } from '../transport.ts';
import type { ChannelState } from './channel-state.ts';

export interface FanOutDeps {
  readonly broadcaster: Broadcaster;
  readonly codecs: readonly Codec[];
  readonly clock: Clock;
  readonly hops: Pick<HopLedger, 'observe' | 'observeDelivery'>;
  readonly metrics: HubMetrics;
  /** Tells the gateway's own standstills from a slow bus; shared by all channels. */
  readonly stalls?: LoopStalls;
  /** Makes the traces of messages; none without it. */
  readonly traces?: Pick<PassageTraces, 'passed'>;
  /** Told of each candle that was just handed to the WebSocket server. */
  readonly onHandedOver?: (channel: ChannelName, at: number) => void;
}

/** The subscribers of a channel in one encoding. */
interface CodecTopic {
  readonly codec: Codec;
  readonly topic: string;
  /** `epochChanges` of the channel when a candle of its epoch was last published here; -1: never. */
  announced: number;
}

/** Where a channel stands, as everybody is told who subscribes now. */
export type FanOutHead = Pick<ChannelState, 'epoch' | 'epochChanges'>;

/** Publishes to the subscribers of one channel: encodes once per encoding that has any. */
export class FanOut {
  readonly #deps: FanOutDeps;
  readonly #head: FanOutHead;
  readonly #exchangeClock: ExchangeClock;
  readonly #channel: ChannelName;
  /** For clients that report receipts. */
  readonly handOvers = new HandOvers();
  readonly #topics: readonly CodecTopic[];

  /** @param exchangeClock shared by all channels, which come from one exchange */
  constructor(channel: Channel, head: FanOutHead, deps: FanOutDeps, exchangeClock: ExchangeClock) {
    this.#deps = deps;
    this.#head = head;
    this.#channel = channel.name;
    this.#exchangeClock = exchangeClock;
    this.#topics = deps.codecs.map((codec) => ({
      codec,
      topic: topicOf(channel.name, codec.protocol),
      announced: -1,
    }));
  }

  /**
   * Publishes a candle with the gateway's time added, and observes how late it is, once, if it came
   * over the live stream and the live channel: what was fetched afterwards says nothing of latency.
   *
   * @param receivedAt receipt from the bus, ms since 1970
   */
  candle(message: BusCandleMessage, receivedAt: number, via: 'live' | 'repair'): void {
    const { times } = message;
    const gateway = roundToMicrosecond(receivedAt);
    const subscribers = this.publish(
      asDelivered(message, gateway),
      message.candle.confirm ? 'closed' : 'open',
      SpelledUpdate.textWith(message, gateway),
    );
    const { clock, hops, stalls, traces, onHandedOver } = this.#deps;
    const now = clock.now();
    this.handOvers.add(message.epoch, message.offset, now);
    if (subscribers > 0) onHandedOver?.(this.#channel, now);
    if (via === 'repair' || message.backfill === true) return;
    const heldBackMs = stalls?.heldBackMs(times.published, receivedAt) ?? 0;
    const deliveryMs = this.#exchangeClock.heard(times.exchange, now);
    const passage = { message, receivedAt, handedOverAt: now, deliveryMs, subscribers };
    const traceId = traces?.passed(passage);
    hops.observe('bus', receivedAt - times.published - heldBackMs, traceId);
    hops.observe('gateway', now - receivedAt + heldBackMs, traceId);
    hops.observeDelivery(deliveryMs, traceId);
  }

  /**
   * @param json the message as JSON, where it is at hand
   * @returns how many sockets got it by fan-out
   */
  publish(message: ServerMessage, kind: MessageKind, json?: string): number {
    const { broadcaster, metrics } = this.#deps;
    let reached = 0;
    for (const each of this.#topics) {
      const { codec, topic } = each;
      if (broadcaster.subscribers(topic) === 0) continue;
      const frame = codec.encode(message, { knowsEpoch: this.#knowsEpoch(each, message) }, json);
      broadcaster.publish(topic, frame);
      // Counted afterwards: a publish may first let slow sockets leave the topic.
      const subscribers = broadcaster.subscribers(topic);
      metrics.fannedOut(kind, codec.protocol, frameBytes(frame), subscribers);
      reached += subscribers;
    }
    return reached;
  }

  /**
   * Whether every subscriber has been told of the message's epoch: those who were here when a candle
   * of it was published, by that one; those who came since, by their snapshot. That holds only for
   * the epoch that the channel has been in all the while: a closed candle may also be of an older one.
   */
  #knowsEpoch(topic: CodecTopic, message: ServerMessage): boolean {
    const { epoch, epochChanges } = this.#head;
    if (message.type !== 'candle' || message.epoch !== epoch) return false;
    if (topic.announced === epochChanges) return true;
    topic.announced = epochChanges;
    return false;
  }

  /** Sockets on the channel's topics: those on the fast path. */
  subscribers(): number {
    let count = 0;
    for (const { topic } of this.#topics) count += this.#deps.broadcaster.subscribers(topic);
    return count;
  }
}

/** The message as clients get it, its members in the order of PROTOCOL.md. */
function asDelivered(message: BusCandleMessage, gateway: number): CandleMessage {
  const { type, channel, symbol, interval, epoch, offset, source, candle } = message;
  const { previous, backfill, traceparent } = message;
  const { exchange, ingest, published } = message.times;
  const times = { exchange, ingest, published, gateway };
  if (previous === undefined && backfill === undefined && traceparent === undefined) {
    // Nearly all. Members that are spread are copied one by one.
    return { type, channel, symbol, interval, epoch, offset, source, candle, times };
  }
  return {
    ...{ type, channel, symbol, interval, epoch, offset },
    ...(previous === undefined ? {} : { previous }),
    source,
    ...(backfill === undefined ? {} : { backfill }),
    candle,
    times,
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}
