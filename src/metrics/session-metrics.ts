import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { CLOSE_CODES, ERROR_CODES, type ErrorCode } from '../candle/codes.ts';
import type { ClientMessage, ServerMessage } from '../candle/messages.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import type { SentMetrics } from './sent-metrics.ts';

/** Close codes that get a label of their own: ours and those of RFC 6455 that are seen in practice. */
const LABELLED_CLOSE_CODES: ReadonlySet<number> = new Set([
  ...Object.values(CLOSE_CODES),
  1000,
  1005,
  1006,
  1009,
]);

const MESSAGE_TYPES = [
  'subscribe',
  'unsubscribe',
  'ping',
  'receipt',
  'auth',
  'invalid',
  'limited',
] as const satisfies (ClientMessage['type'] | 'invalid' | 'limited')[];
const REPLAY_KINDS = ['snapshot', 'resume', 'catch_up'] as const;
const LAG_CAUSES = ['dropped', 'late_pong', 'simulated'] as const;
/**
 * What became of a receipt: it was counted, came too soon after the one before, was about a message
 * that this gateway does not remember or the client does not get, or its clock was too uncertain.
 */
const RECEIPT_OUTCOMES = ['counted', 'too_often', 'unknown_message', 'uncertain'] as const;
export type ReceiptOutcome = (typeof RECEIPT_OUTCOMES)[number];
const TOO_SLOW_CAUSES = ['stalled', 'behind_history', 'answer_dropped'] as const;

/** What the sessions of a gateway did. Every label is bounded. */
export class SessionMetrics {
  readonly #connections: Gauge;
  readonly #messages: Counter<'type'>;
  readonly #bytes: Counter;
  readonly #errors: Counter<'code'>;
  readonly #closes: Counter<'code'>;
  readonly #replayedCandles: Histogram<'kind'>;
  readonly #lagging: Gauge;
  readonly #lagEntries: Counter<'cause'>;
  readonly #tooSlow: Counter<'cause'>;
  readonly #roundTrip: LatencyHistogram;
  readonly #conflated: Counter;
  readonly #receipts: Counter<'outcome'>;
  readonly #sent: SentMetrics;

  constructor(registry: Registry, sent: SentMetrics) {
    this.#sent = sent;
    const registers = [registry];
    this.#connections = new Gauge({
      name: 'candlegate_gateway_connections',
      help: 'Open WebSocket connections.',
      registers,
    });
    this.#messages = new Counter({
      name: 'candlegate_gateway_client_messages_total',
      help: 'Messages of clients by type; those that could not be read as `invalid`, those beyond the rate, which were not read, as `limited`.',
      labelNames: ['type'],
      registers,
    });
    this.#bytes = new Counter({
      name: 'candlegate_gateway_client_bytes_total',
      help: 'Payload bytes of the messages of clients.',
      registers,
    });
    this.#errors = new Counter({
      name: 'candlegate_gateway_client_errors_total',
      help: 'Errors that clients were told, by code.',
      labelNames: ['code'],
      registers,
    });
    this.#closes = new Counter({
      name: 'candlegate_gateway_closes_total',
      help: 'Ended connections by close code.',
      labelNames: ['code'],
      registers,
    });
    this.#replayedCandles = new Histogram({
      name: 'candlegate_gateway_replayed_candles',
      help: 'Candles in one replay to one client, by kind: snapshot, resume, catch_up.',
      labelNames: ['kind'],
      buckets: [0, 1, 2, 5, 10, 50, 100, 500, 1000, 5000],
      registers,
    });
    this.#lagging = new Gauge({
      name: 'candlegate_gateway_lagging_connections',
      help: 'Connections that are off the fast path because they are slow.',
      registers,
    });
    this.#lagEntries = new Counter({
      name: 'candlegate_gateway_lag_entries_total',
      help: 'How often a connection left the fast path, by cause.',
      labelNames: ['cause'],
      registers,
    });
    this.#tooSlow = new Counter({
      name: 'candlegate_gateway_too_slow_total',
      help: 'Connections closed with 4000, by cause.',
      labelNames: ['cause'],
      registers,
    });
    this.#roundTrip = new LatencyHistogram(registry, {
      name: 'candlegate_gateway_ping_rtt_seconds',
      help: 'Round trip of protocol pings, what the kernel holds for the client included.',
      label: null,
      bounds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30],
    });
    this.#conflated = new Counter({
      name: 'candlegate_gateway_conflated_updates_total',
      help: 'Updates of open candles that slow clients were spared, each once per client.',
      registers,
    });
    this.#receipts = new Counter({
      name: 'candlegate_gateway_receipts_total',
      help: 'Receipts that clients reported, by what became of them.',
      labelNames: ['outcome'],
      registers,
    });
    for (const outcome of RECEIPT_OUTCOMES) this.#receipts.inc({ outcome }, 0);
    for (const type of MESSAGE_TYPES) this.#messages.inc({ type }, 0);
    for (const code of Object.keys(ERROR_CODES)) this.#errors.inc({ code }, 0);
    for (const code of LABELLED_CLOSE_CODES) this.#closes.inc({ code }, 0);
    for (const kind of REPLAY_KINDS) this.#replayedCandles.zero({ kind });
    for (const cause of LAG_CAUSES) this.#lagEntries.inc({ cause }, 0);
    for (const cause of TOO_SLOW_CAUSES) this.#tooSlow.inc({ cause }, 0);
  }

  opened(): void {
    this.#connections.inc();
  }

  closed(code: number): void {
    this.#connections.dec();
    this.#closes.inc({ code: LABELLED_CLOSE_CODES.has(code) ? code : 'other' });
  }

  messageReceived(bytes: number): void {
    this.#bytes.inc(bytes);
  }

  messageRead(type: ClientMessage['type'] | 'invalid' | 'limited'): void {
    this.#messages.inc({ type });
  }

  /** A message was written to one client alone. @param bytes size of the encoded message */
  messageSent(
    kind: Exclude<ServerMessage['type'], 'candle'>,
    encoding: string,
    bytes: number,
  ): void {
    this.#sent.sent(kind, encoding, bytes, 1);
  }

  errorSent(code: ErrorCode): void {
    this.#errors.inc({ code });
  }

  /** @param candles size of the whole replay, the open candle included */
  replayed(kind: (typeof REPLAY_KINDS)[number], candles: number): void {
    this.#replayedCandles.observe({ kind }, candles);
  }

  lagBegan(cause: (typeof LAG_CAUSES)[number]): void {
    this.#lagging.inc();
    this.#lagEntries.inc({ cause });
  }

  lagEnded(): void {
    this.#lagging.dec();
  }

  closedTooSlow(cause: (typeof TOO_SLOW_CAUSES)[number]): void {
    this.#tooSlow.inc({ cause });
  }

  /** A client that had been slow caught up, without so many updates. */
  updatesConflated(count: number): void {
    this.#conflated.inc(count);
  }

  receiptTaken(outcome: ReceiptOutcome): void {
    this.#receipts.inc({ outcome });
  }

  roundTripMeasured(ms: number): void {
    this.#roundTrip.observe(0, Math.max(0, ms) / 1000);
  }
}
