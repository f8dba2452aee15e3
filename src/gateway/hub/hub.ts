import type { BusListener, BusState, BusSubscriber, LeaderHeartbeat } from '../../bus/bus.ts';
import type { Channel, ChannelName } from '../../candle/channel.ts';
import { ExchangeClock } from '../../candle/exchange-clock.ts';
import { roundToMicrosecond } from '../../candle/hop-times.ts';
import type { BusCandleMessage, FeedState, Source } from '../../candle/messages.ts';
import { every, type Every } from '../../time/every.ts';
import type { ChannelDirectory, ChannelView } from '../channel-view.ts';
import type { ChannelEffect } from './channel-effects.ts';
import { ChannelState } from './channel-state.ts';
import { FanOut, type FanOutDeps } from './fan-out.ts';
import { judgeFeed, worstOf } from './feed-state.ts';
import { HistoryReader } from './history-reader.ts';
import { HubChannel } from './hub-channel.ts';
import type { HubSettings } from './hub-settings.ts';
import { LeaderWatch } from './leader-watch.ts';
import { SettledCloses, type Defer } from './settled-closes.ts';
import { snapshotParts } from './snapshot-parts.ts';

/** What the hub needs of a logger; pino's fits. */
export interface HubLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface HubDeps extends FanOutDeps {
  readonly bus: BusSubscriber;
  readonly channels: readonly Channel[];
  /** Candles of another source are never passed on. */
  readonly source: Source;
  readonly settings: HubSettings;
  readonly log: HubLog;
  /** `setImmediate`, unless a test decides about turns of the event loop. */
  readonly defer?: Defer;
  /** What ticks; the process' shared timer, unless several gateways live in one process, each by itself. */
  readonly every?: Every;
}

/** Called in the turn in which a hole is found, after the channel's state has gone on behind it. */
export type HoleListener = (channel: Channel) => void;

/** A failing read is logged at its first attempt and then at every so many. */
const LOG_EVERY_ATTEMPTS = 20;

/**
 * The bus-facing half of a gateway: what it knows of each channel, and its fan-out. Listens to the
 * bus, keeps the channels whole by reading history, and publishes each message once per encoding.
 */
export class Hub implements ChannelDirectory, BusListener {
  readonly #deps: HubDeps;
  readonly #channels = new Map<ChannelName, HubChannel>();
  #all: readonly HubChannel[];
  #symbols: ReadonlySet<string>;
  #hasHadFirstHistory = false;
  readonly #reader: HistoryReader;
  readonly #leader: LeaderWatch;
  readonly #settled: SettledCloses;
  readonly #exchangeClock = new ExchangeClock();
  readonly #holeListeners = new Set<HoleListener>();
  /** Reads of history so far, of all channels. */
  #requests = 0;
  #busState: BusState = 'lost';
  #busLostSince: number | null;
  #endTicks: (() => void) | undefined;

  constructor(deps: HubDeps) {
    const { channels, settings, clock } = deps;
    this.#deps = deps;
    const startedAt = clock.now();
    this.#busLostSince = startedAt;
    this.#all = channels.map((channel) => this.#createChannel(channel, startedAt));
    for (const each of this.#all) this.#channels.set(each.channel.name, each);
    this.#symbols = new Set(channels.map(({ symbol }) => symbol));
    this.#leader = new LeaderWatch(settings.feed.leaderSilenceMs);
    this.#settled = new SettledCloses(deps.defer ?? setImmediate);
    this.#reader = new HistoryReader(deps.bus, settings.reader, {
      answered: ({ name }, request, history) => {
        const now = clock.now();
        this.#apply(name, (each) => {
          const effects = each.state.historyRead(request, history, now);
          if (each.state.hasReadHistory) each.newestAt ??= now;
          return effects;
        });
      },
      failed: ({ name }, request, error, attempt) => {
        deps.metrics.historyReadFailed();
        if (attempt % LOG_EVERY_ATTEMPTS === 0) {
          deps.log.warn({ channel: name, attempt, err: error }, 'history could not be read');
        }
        this.#apply(name, (each) => each.state.historyFailed(request));
      },
    });
    deps.metrics.watchChannels(() =>
      this.#all.map(({ channel, state, fanOut }) => ({
        channel: channel.name,
        newestAgeMs:
          state.lastUpdate === null
            ? null
            : this.#exchangeClock.ageMs(state.lastUpdate, clock.now()),
        subscribers: fanOut.subscribers(),
        heldCandles: state.history.size,
      })),
    );
  }

  /** Subscribes to the bus. Called once. */
  start(): void {
    this.#endTicks = (this.#deps.every ?? every)(this.#deps.settings.tickMs, () => this.#tick());
    this.#deps.bus.start(
      this.#all.map(({ channel }) => channel),
      this,
    );
  }

  /**
   * Serves these channels from now on; those that stay notice nothing.
   *
   * @returns the channels that are no longer served: their subscribers are to be told
   */
  follow(channels: readonly Channel[]): readonly Channel[] {
    const now = this.#deps.clock.now();
    const before = this.#all;
    this.#all = channels.map(
      (channel) => this.#channels.get(channel.name) ?? this.#createChannel(channel, now),
    );
    this.#channels.clear();
    for (const each of this.#all) this.#channels.set(each.channel.name, each);
    this.#symbols = new Set(channels.map(({ symbol }) => symbol));
    this.#deps.bus.follow(channels);
    return before.map(({ channel }) => channel).filter(({ name }) => !this.#channels.has(name));
  }

  /** Stops reading and ticking. The bus is its owner's to close. */
  close(): void {
    this.#endTicks?.();
    this.#reader.close();
  }

  get(name: ChannelName): ChannelView | undefined {
    return this.#channels.get(name);
  }
  all(): readonly ChannelView[] {
    return this.#all;
  }
  servesSymbol(symbol: string): boolean {
    return this.#symbols.has(symbol);
  }

  /** @returns a function that takes the listener away again */
  onHole(listener: HoleListener): () => void {
    this.#holeListeners.add(listener);
    return () => this.#holeListeners.delete(listener);
  }

  /**
   * Whether the history of every channel of the start has been read once; a bus that knows nothing has
   * answered too. A channel that is added later must not put the gateway out of service.
   */
  hasFirstHistory(): boolean {
    this.#hasHadFirstHistory ||= this.#all.every(({ state }) => state.hasReadHistory);
    return this.#hasHadFirstHistory;
  }
  /** Whether closed candles of any channel are held. A store that ingest has not filled yet has none. */
  holdsCandles(): boolean {
    return this.#all.some(({ lastClosed }) => lastClosed !== null);
  }
  /** Since when the bus has been lost, ms since 1970; null while it is connected. */
  busLostSince(): number | null {
    return this.#busLostSince;
  }
  /** The bus, and the worst state of any channel. */
  status(): { readonly feed: FeedState; readonly bus: BusState } {
    return { feed: worstOf(this.#all.map(({ feed }) => feed)), bus: this.#busState };
  }

  onCandles(messages: readonly BusCandleMessage[], receivedAt: number): void {
    const { source, metrics } = this.#deps;
    for (const message of messages) {
      const each = this.#channels.get(message.channel);
      if (each === undefined) {
        metrics.unknownChannelReceived();
      } else if (message.source !== source) {
        metrics.otherSourceReceived();
      } else {
        each.newestAt = receivedAt;
        this.#run(each, each.state.live(message, receivedAt));
      }
    }
  }

  onHeartbeat(heartbeat: LeaderHeartbeat, receivedAt: number): void {
    if (!this.#leader.heard(heartbeat, receivedAt)) return;
    this.#exchangeClock.measured(heartbeat.exchangeClock);
    for (const head of heartbeat.channels) {
      const each = this.#channels.get(head.channel);
      if (each === undefined) continue;
      each.leaderState = head.state;
      this.#run(each, each.state.leaderHead(head, receivedAt));
    }
    // Also for a channel that the leader did not name: its silence may have been the reason.
    for (const each of this.#all) this.#judge(each, receivedAt);
  }

  onSubscribed(): void {
    const now = this.#deps.clock.now();
    for (const each of this.#all) this.#run(each, each.state.subscribed(now));
  }

  onState(state: BusState): void {
    const { clock, metrics, log } = this.#deps;
    const now = clock.now();
    metrics.busConnected(state === 'connected');
    if (state !== this.#busState) {
      if (state === 'lost') log.warn({}, 'the bus is lost; serving from memory');
      else
        log.info(
          { afterMs: Math.round(now - (this.#busLostSince ?? now)) },
          'the bus is connected',
        );
    }
    this.#busState = state;
    this.#busLostSince = state === 'connected' ? null : (this.#busLostSince ?? now);
    for (const each of this.#all) this.#judge(each, now);
  }

  #createChannel(channel: Channel, startedAt: number): HubChannel {
    const { historyDepth, maxHeldCloses, headGraceMs } = this.#deps.settings;
    const { interval } = channel;
    const options = { interval, historyDepth, maxHeldCloses, headGraceMs, startedAt };
    const nextRequest = (): number => (this.#requests += 1);
    const state = new ChannelState({ ...options, nextRequest });
    const fanOut = new FanOut(channel, state, this.#deps, this.#exchangeClock);
    return new HubChannel(channel, state, fanOut);
  }

  #tick(): void {
    const now = this.#deps.clock.now();
    for (const each of this.#all) this.#run(each, each.state.tick(now));
    for (const each of this.#all) this.#judge(each, now);
  }

  #apply(name: ChannelName, input: (each: HubChannel) => readonly ChannelEffect[]): void {
    const each = this.#channels.get(name);
    if (each === undefined) return;
    this.#run(each, input(each));
    this.#judge(each, this.#deps.clock.now());
  }

  #run(each: HubChannel, effects: readonly ChannelEffect[]): void {
    if (effects.length === 0) return;
    for (const effect of effects) this.#perform(each, effect);
    if (each.lastClosed !== each.settled) this.#settled.changed(each);
  }

  #perform(each: HubChannel, effect: ChannelEffect): void {
    const { metrics, log, source } = this.#deps;
    const { channel, fanOut } = each;
    switch (effect.type) {
      case 'deliver':
        fanOut.candle(effect.message, effect.receivedAt, effect.via);
        break;
      case 'snapshot':
        for (const part of snapshotParts(channel.name, source, effect)) {
          fanOut.publish(part, 'snapshot');
        }
        break;
      case 'read':
        this.#reader.read(channel, effect.request, effect.after, effect.attempt);
        break;
      case 'hole': {
        metrics.holeFound();
        const { after, before } = effect;
        log.error(
          { channel: channel.name, after, before },
          'closed candles are missing in history',
        );
        for (const listener of this.#holeListeners) listener(channel);
        break;
      }
      case 'repair_started':
        metrics.repairStarted(effect.cause);
        break;
      case 'repair_finished':
        metrics.repairFinished(effect.durationMs);
        break;
      case 'duplicate':
        metrics.duplicateReceived();
        break;
    }
  }

  /** Judges the channel's feed anew; a change is told to its subscribers at once. */
  #judge(each: HubChannel, now: number): void {
    const { source, settings, clock } = this.#deps;
    const feed = judgeFeed(
      {
        bus: this.#busState,
        leaderHeardAt: this.#leader.heardAt,
        leaderState: each.leaderState,
        newestAt: each.newestAt,
        repairingSince: each.state.repairingSince,
      },
      settings.feed,
      now,
    );
    if (feed === each.feed) return;
    each.feed = feed;
    const time = roundToMicrosecond(clock.now());
    each.fanOut.publish({ type: 'heartbeat', time, source, channels: [each.head()] }, 'heartbeat');
  }
}
