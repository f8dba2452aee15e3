import type { Registry } from 'prom-client';
import type { ServerMessage } from '../candle/messages.ts';
import { TalliedCounter, type Tally } from './tallied-counter.ts';

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
  'token_expiring',
  'error',
  'going_away',
];

/** What was written to clients of one encoding. */
interface SentTallies {
  readonly messages: Readonly<Record<SentKind, Tally>>;
  readonly bytes: Tally;
}

/** What was written to clients, by fan-out and directly: each message once per client. */
export class SentMetrics {
  readonly #messages: TalliedCounter<'kind' | 'encoding'>;
  readonly #bytes: TalliedCounter<'encoding'>;
  readonly #encodings = new Map<string, SentTallies>();

  /** @param encodings subprotocols whose series exist from the start */
  constructor(registry: Registry, encodings: readonly string[] = []) {
    const registers = [registry];
    this.#messages = new TalliedCounter({
      name: 'candlegate_gateway_messages_sent_total',
      help: 'Messages written to clients, each once per client. A fanned-out one counts for every subscriber, also for one too slow to take it (see candlegate_gateway_lag_entries_total).',
      labelNames: ['kind', 'encoding'],
      registers,
    });
    this.#bytes = new TalliedCounter({
      name: 'candlegate_gateway_bytes_sent_total',
      help: 'Bytes of the messages written to clients, each once per client, before WebSocket framing, compression and TLS.',
      labelNames: ['encoding'],
      registers,
    });
    for (const encoding of encodings) this.#talliesOf(encoding, true);
  }

  /**
   * @param bytes size of the encoded message
   * @param clients how many it was written to
   */
  sent(kind: SentKind, encoding: string, bytes: number, clients: number): void {
    const tallies = this.#encodings.get(encoding) ?? this.#talliesOf(encoding, false);
    tallies.messages[kind].count += clients;
    tallies.bytes.count += bytes * clients;
  }

  #talliesOf(encoding: string, isShown: boolean): SentTallies {
    const messages = Object.fromEntries(
      SENT_KINDS.map((kind) => [kind, this.#messages.series({ kind, encoding }, isShown)]),
    ) as Record<SentKind, Tally>;
    const tallies = { messages, bytes: this.#bytes.series({ encoding }, isShown) };
    this.#encodings.set(encoding, tallies);
    return tallies;
  }
}
