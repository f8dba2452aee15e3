import type { ExchangeClock } from '../../candle/exchange-clock.ts';
import { roundToMicrosecond } from '../../candle/hop-times.ts';
import type { Channel } from '../../candle/channel.ts';
import type { BusCandleMessage, ServerMessage } from '../../candle/messages.ts';
import type { HopLedger } from '../../metrics/hop-ledger.ts';
import type { HubMetrics, MessageKind } from '../../metrics/hub-metrics.ts';
import type { Clock } from '../../time/clock.ts';
import { topicOf } from '../channel-view.ts';
import type { Codec } from '../codec/codec.ts';
import { frameBytes } from '../frame-bytes.ts';
import type { Broadcaster } from '../transport.ts';

export interface FanOutDeps {
  readonly broadcaster: Broadcaster;
  readonly codecs: readonly Codec[];
  readonly clock: Clock;
  readonly hops: Pick<HopLedger, 'observe' | 'observeDelivery'>;
  readonly metrics: HubMetrics;
}

/** Publishes to the subscribers of one channel: encodes once per encoding that has any. */
export class FanOut {
  readonly #deps: FanOutDeps;
  readonly #exchangeClock: ExchangeClock;
  readonly #topics: readonly { readonly codec: Codec; readonly topic: string }[];

  /** @param exchangeClock shared by all channels, which come from one exchange */
  constructor(channel: Channel, deps: FanOutDeps, exchangeClock: ExchangeClock) {
    this.#deps = deps;
    this.#exchangeClock = exchangeClock;
    this.#topics = deps.codecs.map((codec) => ({
      codec,
      topic: topicOf(channel.name, codec.protocol),
    }));
  }

  /**
   * Publishes a candle with the gateway's time added, and observes how late it is, once, if it came
   * over the live stream and the live channel: what was fetched afterwards says nothing of latency.
   *
   * @param receivedAt receipt from the bus, ms since 1970
   */
  candle(message: BusCandleMessage, receivedAt: number, via: 'live' | 'repair'): void {
    const { times, ...rest } = message;
    const gateway = roundToMicrosecond(receivedAt);
    const { traceparent, ...head } = rest;
    this.publish(
      {
        ...head,
        times: { ...times, gateway },
        ...(traceparent === undefined ? {} : { traceparent }),
      },
      message.candle.confirm ? 'closed' : 'open',
    );
    if (via === 'repair' || message.backfill === true) return;
    const { clock, hops } = this.#deps;
    const now = clock.now();
    hops.observe('bus', receivedAt - times.published);
    hops.observe('gateway', now - receivedAt);
    hops.observeDelivery(this.#exchangeClock.heard(times.exchange, now));
  }

  publish(message: ServerMessage, kind: MessageKind): void {
    const { broadcaster, metrics } = this.#deps;
    for (const { codec, topic } of this.#topics) {
      if (broadcaster.subscribers(topic) === 0) continue;
      const frame = codec.encode(message);
      broadcaster.publish(topic, frame);
      // Counted afterwards: a publish may first let slow sockets leave the topic.
      const subscribers = broadcaster.subscribers(topic);
      metrics.fannedOut(kind, codec.protocol, frameBytes(frame), subscribers);
    }
  }

  /** Sockets on the channel's topics: those on the fast path. */
  subscribers(): number {
    let count = 0;
    for (const { topic } of this.#topics) count += this.#deps.broadcaster.subscribers(topic);
    return count;
  }
}
