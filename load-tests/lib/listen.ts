import { setTimeout } from 'k6/timers';
import { Client } from './client.ts';
import { gatewayOf } from './options.ts';

export interface ListenOptions {
  readonly channels: readonly string[];
  readonly listenMs: number;
  /** The client arrives at a random moment within this time. */
  readonly rampMs: number;
  /** Told of each candle how late it was, in ms. */
  readonly onDelivery?: (ms: number) => void;
}

/** One client that arrives, listens for a while and leaves. */
export function listen(n: number, options: ListenOptions): void {
  const { channels, listenMs, rampMs, onDelivery } = options;
  const client = new Client({
    gateway: gatewayOf(n),
    subject: `load-${n}`,
    channels,
    onCandle: ({ times }, receivedAt) => onDelivery?.(receivedAt - times.published),
  });
  setTimeout(() => {
    client.connect();
    setTimeout(() => client.close(), listenMs);
  }, Math.random() * rampMs);
}
