import { Counter, Gauge, type Registry } from 'prom-client';
import type { ChannelName } from '../candle/channel.ts';
import type { Clock } from '../time/clock.ts';

const CANDLE_OUTCOMES = ['update', 'close', 'stale', 'duplicate', 'differs', 'late'] as const;
const END_REASONS = ['not_opened', 'closed', 'pong_timeout', 'stalled', 'ack_timeout'] as const;
const PUBLISH_RESULTS = ['published', 'stale', 'gap', 'fenced', 'failed'] as const;
const LOSS_REASONS = ['given_up', 'late'] as const;
const SEED_RESULTS = ['seeded', 'occupied', 'fenced', 'failed'] as const;

/** What ingest tells of itself. Names are `candlegate_ingest_*`, in base units. */
export class IngestMetrics {
  readonly #clock: Clock;
  readonly #frames: Counter<'kind'>;
  readonly #badFrames: Counter<'reason'>;
  readonly #candles: Counter<'outcome'>;
  readonly #connections: Gauge;
  readonly #connectionsWanted: Gauge;
  readonly #reconnects: Counter<'reason'>;
  readonly #refusedTopics: Gauge;
  readonly #leader: Gauge;
  readonly #fence: Gauge;
  readonly #publications: Counter<'result'>;
  readonly #seeds: Counter<'result'>;
  readonly #restCalls: Counter<'outcome'>;
  readonly #backfilled: Counter;
  readonly #held: Gauge;
  readonly #lost: Counter<'reason'>;
  readonly #differing: Counter<'origin'>;
  readonly #conflated: Counter;
  readonly #backfills: Counter<'outcome'>;
  readonly #turns: Counter;
  readonly #offset: Gauge;
  readonly #offsetError: Gauge;
  readonly #offsetMeasurable: Gauge;
  #lastDataAt: number | null = null;
  readonly #refusedByConnection = new Map<string, number>();
  readonly #newest = new Map<ChannelName, number>();

  constructor(registry: Registry, clock: Clock) {
    this.#clock = clock;
    const registers = [registry];
    const counter = <T extends string>(name: string, help: string, ...labelNames: T[]) =>
      new Counter<T>({ name: `candlegate_ingest_${name}`, help, labelNames, registers });
    const gauge = (name: string, help: string) =>
      new Gauge({ name: `candlegate_ingest_${name}`, help, registers });

    this.#frames = counter('frames_total', 'Frames of the exchange, by kind.', 'kind');
    this.#badFrames = counter(
      'bad_frames_total',
      'Frames of the exchange, or candles in them, that were not taken.',
      'reason',
    );
    this.#candles = counter(
      'candles_total',
      'Candles of the stream by what became of them.',
      'outcome',
    );
    this.#connections = gauge('upstream_connections', 'Connections that bring candles.');
    this.#connectionsWanted = gauge(
      'upstream_connections_wanted',
      'Connections that all channels need.',
    );
    this.#reconnects = counter(
      'reconnects_total',
      'Connections to the exchange that ended, by reason.',
      'reason',
    );
    this.#refusedTopics = gauge('refused_topics', 'Topics that the exchange refuses.');
    this.#leader = gauge('leader', '1 while this worker leads.');
    this.#fence = gauge('fence_token', "The token of this worker's last turn as leader.");
    this.#publications = counter(
      'publications_total',
      'Candles handed to the bus, by its answer.',
      'result',
    );
    this.#seeds = counter('seeds_total', 'Empty histories filled, by the answer.', 'result');
    this.#restCalls = counter('rest_calls_total', 'REST calls by outcome.', 'outcome');
    this.#backfilled = counter(
      'backfilled_candles_total',
      'Closed candles published that came over REST.',
    );
    this.#held = gauge('held_closes', 'Closed candles that wait for a missing one before them.');
    this.#lost = counter(
      'lost_closes_total',
      'Closed candles that are never published, since later ones have been: given up, or brought by the exchange after it had said that they do not exist.',
      'reason',
    );
    this.#differing = counter(
      'differing_confirmations_total',
      'Confirmed versions that differ from the first one, which stays.',
      'origin',
    );
    this.#conflated = counter(
      'conflated_updates_total',
      'Updates of open candles that were overtaken by a newer one before the bus could take them.',
    );
    this.#backfills = counter(
      'backfills_total',
      'Ranges of candles asked for over REST, by whether they came.',
      'outcome',
    );
    this.#turns = counter('turns_total', 'How often this worker became the leader.');
    this.#offset = gauge(
      'clock_offset_seconds',
      "By how much the exchange's clock is ahead of ours; NaN while that cannot be measured.",
    );
    this.#offsetError = gauge(
      'clock_offset_error_seconds',
      'Bound of the error of the clock offset; NaN while that cannot be measured.',
    );
    this.#offsetMeasurable = gauge(
      'clock_offset_measurable',
      '1 while the clock offset can be measured.',
    );
    this.#registerAges(registry);
    this.#zero();
    this.clockOffset(null);
    this.unled();
  }

  /** Rates need the zero before the first event. */
  #zero(): void {
    for (const kind of ['candles', 'control', 'bad'] as const) this.#frames.inc({ kind }, 0);
    for (const outcome of CANDLE_OUTCOMES) this.#candles.inc({ outcome }, 0);
    for (const reason of END_REASONS) this.#reconnects.inc({ reason }, 0);
    for (const result of PUBLISH_RESULTS) this.#publications.inc({ result }, 0);
    for (const result of SEED_RESULTS) this.#seeds.inc({ result }, 0);
    for (const reason of LOSS_REASONS) this.#lost.inc({ reason }, 0);
    for (const outcome of ['fetched', 'failed'] as const) this.#backfills.inc({ outcome }, 0);
    for (const origin of ['stream', 'rest'] as const) this.#differing.inc({ origin }, 0);
  }

  frame(kind: 'candles' | 'control' | 'bad'): void {
    this.#frames.inc({ kind });
  }

  badFrame(reason: string): void {
    this.#badFrames.inc({ reason });
  }

  /** A candle of the stream. Its newest receipt is the base of the channel's age. */
  candle(channel: ChannelName, outcome: string, receivedAt: number): void {
    this.#candles.inc({ outcome });
    this.#lastDataAt = receivedAt;
    if (outcome === 'update' || outcome === 'close') this.#newest.set(channel, receivedAt);
  }

  connectionsWanted(count: number): void {
    this.#connectionsWanted.set(count);
  }

  connectionUp(): void {
    this.#connections.inc();
  }

  connectionDown(): void {
    this.#connections.dec();
  }

  reconnect(reason: string): void {
    this.#reconnects.inc({ reason });
  }

  /** @param connection tells connections apart */
  topicsRefused(connection: string, count: number): void {
    this.#refusedByConnection.set(connection, count);
    this.#refusedTopics.set([...this.#refusedByConnection.values()].reduce((a, b) => a + b, 0));
  }

  led(token: number): void {
    this.#turns.inc();
    this.#leader.set(1);
    this.#fence.set(token);
  }

  unled(): void {
    this.#leader.set(0);
    this.#held.set(0);
  }

  published(result: string): void {
    this.#publications.inc({ result });
  }

  seeded(result: string): void {
    this.#seeds.inc({ result });
  }

  restCall(outcome: string): void {
    this.#restCalls.inc({ outcome });
  }

  /** An update was overtaken before the bus could take it. */
  conflated(): void {
    this.#conflated.inc();
  }

  backfill(outcome: 'fetched' | 'failed'): void {
    this.#backfills.inc({ outcome });
  }

  backfilled(): void {
    this.#backfilled.inc();
  }

  held(count: number): void {
    this.#held.set(count);
  }

  lost(reason: (typeof LOSS_REASONS)[number], count: number): void {
    this.#lost.inc({ reason }, count);
  }

  confirmationDiffered(origin: 'stream' | 'rest'): void {
    this.#differing.inc({ origin });
  }

  /** @param offset null while it cannot be measured */
  clockOffset(offset: { readonly offsetMs: number; readonly errorMs: number } | null): void {
    this.#offset.set(offset === null ? NaN : offset.offsetMs / 1_000);
    this.#offsetError.set(offset === null ? NaN : offset.errorMs / 1_000);
    this.#offsetMeasurable.set(offset === null ? 0 : 1);
  }

  /** Ages are reckoned when they are asked for. */
  #registerAges(registry: Registry): void {
    const now = (): number => this.#clock.now();
    const lastDataAt = (): number | null => this.#lastDataAt;
    const newest = this.#newest;
    new Gauge({
      name: 'candlegate_ingest_last_data_age_seconds',
      help: 'Time since the last candle of any channel came; NaN before the first.',
      registers: [registry],
      collect() {
        const at = lastDataAt();
        this.set(at === null ? NaN : Math.max(0, now() - at) / 1_000);
      },
    });
    new Gauge({
      name: 'candlegate_ingest_newest_candle_age_seconds',
      help: 'Time since something new of the channel came.',
      labelNames: ['channel'],
      registers: [registry],
      collect() {
        for (const [channel, at] of newest) this.set({ channel }, Math.max(0, now() - at) / 1_000);
      },
    });
  }
}
