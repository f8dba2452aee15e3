import { Registry } from 'prom-client';
import { vi } from 'vitest';
import type {
  BusListener,
  BusState,
  BusSubscriber,
  ChannelHistory,
} from '../../../../src/bus/bus.ts';
import type { Channel } from '../../../../src/candle/channel.ts';
import type { ServerMessage } from '../../../../src/candle/messages.ts';
import type { Codec } from '../../../../src/gateway/codec/codec.ts';
import {
  DEFAULT_HUB_SETTINGS,
  type HubSettings,
} from '../../../../src/gateway/hub/hub-settings.ts';
import { Hub } from '../../../../src/gateway/hub/hub.ts';
import type { Broadcaster, Frame } from '../../../../src/gateway/transport.ts';
import { HubMetrics } from '../../../../src/metrics/hub-metrics.ts';
import { SentMetrics } from '../../../../src/metrics/sent-metrics.ts';
import { at, CHANNEL } from './messages.ts';

/** Topics with made-up numbers of subscribers; keeps what is published. */
export class FakeBroadcaster implements Broadcaster {
  readonly counts = new Map<string, number>();
  readonly published: { readonly topic: string; readonly frame: Frame }[] = [];

  publish(topic: string, frame: Frame): void {
    this.published.push({ topic, frame });
  }
  subscribers(topic: string): number {
    return this.counts.get(topic) ?? 0;
  }
  /** What was published on a JSON topic, parsed. */
  messages(topic: string): ServerMessage[] {
    return this.published
      .filter((each) => each.topic === topic)
      .map(({ frame }) => JSON.parse(frame as string) as ServerMessage);
  }
}

/** An encoding that counts its work. */
export class CountingCodec implements Codec {
  readonly protocol: string;
  encoded = 0;
  constructor(protocol: string) {
    this.protocol = protocol;
  }
  encode(message: ServerMessage): Frame {
    this.encoded += 1;
    return JSON.stringify(message);
  }
  decode(): never {
    throw new Error('nobody sends anything here');
  }
}

/** A bus whose events and answers are made by the test. */
export class FakeBus implements BusSubscriber {
  state: BusState = 'lost';
  listener: BusListener | null = null;
  followed: readonly Channel[] = [];
  readonly reads: { readonly channel: Channel; readonly after: number | undefined }[] = [];
  /** Answers the reads; a thrown error fails them. */
  history: (channel: Channel) => ChannelHistory | null = () => null;

  start(_channels: readonly Channel[], listener: BusListener): void {
    this.listener = listener;
  }
  follow(channels: readonly Channel[]): void {
    this.followed = channels;
  }
  readHistory(channel: Channel, after?: number): Promise<ChannelHistory | null> {
    this.reads.push({ channel, after });
    return new Promise((resolve) => {
      resolve(this.history(channel));
    });
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A hub with two encodings around a bus; time stands still unless the test moves it. */
export function createHarness<B extends BusSubscriber>(
  bus: B,
  options: { channels?: readonly Channel[]; settings?: Partial<HubSettings>; now?: number } = {},
) {
  const time = { now: options.now ?? at(3) };
  const broadcaster = new FakeBroadcaster();
  const codecs = [new CountingCodec('json'), new CountingCodec('other')] as const;
  const registry = new Registry();
  const observe = vi.fn<(hop: string, ms: number) => void>();
  const observeDelivery = vi.fn<(ms: number | null) => void>();
  const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const hub = new Hub({
    bus,
    broadcaster,
    codecs,
    clock: { now: () => time.now },
    channels: options.channels ?? [CHANNEL],
    source: 'bybit',
    settings: { ...DEFAULT_HUB_SETTINGS, ...options.settings },
    metrics: new HubMetrics(registry, new SentMetrics(registry)),
    hops: { observe, observeDelivery },
    log,
  });
  const topic = `json|${CHANNEL.name}`;
  return { hub, bus, time, broadcaster, codecs, registry, observe, observeDelivery, log, topic };
}
