import { Counter, type Registry } from 'prom-client';
import type { ServerMessage } from '../candle/messages.ts';

/** Messages by type; candles by whether they are open or closed. */
export type SentKind = 'open' | 'closed' | Exclude<ServerMessage['type'], 'candle'>;

const SENT_KINDS: readonly SentKind[] = [
  'open',
  'closed',
  'welcome',
  'subscribed',
  'unsubscribed',
  'snapshot',
  'heartbeat',
  'pong',
  'authenticated',
  'error',
  'going_away',
];

/** What was written to clients, by fan-out and directly: each message once per client. */
export class SentMetrics {
  readonly #messages: Counter<'kind' | 'encoding'>;
  readonly #bytes: Counter<'encoding'>;

  /** @param encodings subprotocols whose series exist from the start */
  constructor(registry: Registry, encodings: readonly string[] = []) {
    const registers = [registry];
    this.#messages = new Counter({
      name: 'candlegate_gateway_messages_sent_total',
      help: 'Messages written to clients, each once per client. A fanned-out one counts for every subscriber, also for one too slow to take it (see candlegate_gateway_lag_entries_total).',
      labelNames: ['kind', 'encoding'],
      registers,
    });
    this.#bytes = new Counter({
      name: 'candlegate_gateway_bytes_sent_total',
      help: 'Bytes of the messages written to clients, each once per client, before WebSocket framing, compression and TLS.',
      labelNames: ['encoding'],
      registers,
    });
    for (const encoding of encodings) {
      for (const kind of SENT_KINDS) this.#messages.inc({ kind, encoding }, 0);
      this.#bytes.inc({ encoding }, 0);
    }
  }

  /**
   * @param bytes size of the encoded message
   * @param clients how many it was written to
   */
  sent(kind: SentKind, encoding: string, bytes: number, clients: number): void {
    this.#messages.inc({ kind, encoding }, clients);
    this.#bytes.inc({ encoding }, bytes * clients);
  }
}
