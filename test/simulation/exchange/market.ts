import type { Candle } from '../../../src/candle/candle.ts';
import type { Channel } from '../../../src/candle/channel.ts';
import { endOf, nextStart, startOf } from '../../../src/candle/interval.ts';
import type { StreamCandle } from '../../../src/ingest/exchange.ts';
import type { Random } from '../random.ts';
import { EPOCH_MS, type Scheduler } from '../time/scheduler.ts';

export interface MarketOptions {
  readonly channels: readonly Channel[];
  /** Virtual time in which a minute of the exchange passes. */
  readonly minuteMs: number;
  /** Minutes before the beginning of which candles exist. */
  readonly pastMinutes: number;
  /** Chance that nothing at all is traded in a candle, so that it does not exist. */
  readonly absentChance: number;
  /** Mean time between two updates of a candle, ms of virtual time. */
  readonly updateMs: number;
}

/** How long after a candle's end the exchange's history may still show other values, by its own clock. */
const HISTORY_SETTLES_MS = 1_900;
/** How long after a candle's end any worker may have fetched it, by the exchange's clock. */
const FETCHABLE_AFTER_MS = 6_000;
const MINUTE_MS = 60_000;
/** How fast the exchange's clock runs once the market is halted. */
const HALTED_SPEED = 0.005;

interface Line {
  readonly channel: Channel;
  /** For values that tell channels apart. */
  readonly index: number;
  readonly closed: Candle[];
  /** Start of the current candle. */
  start: number;
  /** Of the current candle's updates so far; 0: none, and it does not exist yet. */
  version: number;
  /** When that was, by the exchange's clock: it never says two things of a candle in one millisecond. */
  updatedAt: number;
  /** Nothing is traded until the current candle ends. */
  isQuiet: boolean;
}

/**
 * A market with its own clock, whose every closed candle is written down: the truth. Frames go to
 * whoever listens; what becomes of them on the way is not the market's affair.
 */
export class Market {
  readonly options: MarketOptions;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #lines: readonly Line[];
  readonly #listeners = new Set<(frame: readonly StreamCandle[]) => void>();
  #speed: number;
  #isSilent = false;
  /** The exchange's clock read `#anchorTime` at virtual time `#anchor`. */
  #anchor = 0;
  #anchorTime: number;

  constructor(scheduler: Scheduler, random: Random, options: MarketOptions) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.options = options;
    this.#speed = MINUTE_MS / options.minuteMs;
    this.#anchorTime = EPOCH_MS + random.between(0, MINUTE_MS);
    this.#lines = options.channels.map((channel, index) => this.#createLine(channel, index));
    for (const line of this.#lines) {
      this.#scheduleUpdate(line);
      this.#scheduleEnd(line);
    }
  }

  /** The exchange's clock, whole ms since 1970. */
  time(): number {
    return Math.floor(this.#anchorTime + (this.#scheduler.now - this.#anchor) * this.#speed);
  }

  listen(listener: (frame: readonly StreamCandle[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  closed(channel: Channel): readonly Candle[] {
    return this.#line(channel).closed;
  }

  /** Start of the candle that is open, whether it has been traded yet or not. */
  currentStart(channel: Channel): number {
    return this.#line(channel).start;
  }

  /** The newest state of the open candle; null when it has none yet. */
  open(channel: Channel): Candle | null {
    const line = this.#line(channel);
    return line.version === 0 ? null : openCandle(line);
  }

  /**
   * Whether the open candles of all channels are traded, far from their ends, and so far from their beginnings that
   * the ones before can be had over REST: once halted, the exchange's clock hardly comes to that.
   */
  get isInMidCandle(): boolean {
    return this.#lines.every((line) => {
      const left = nextStart(line.channel.interval, line.start) - this.time();
      const passed = this.time() - line.start;
      return line.version > 0 && left > MINUTE_MS / 4 && passed > FETCHABLE_AFTER_MS;
    });
  }

  /**
   * From now on, after one last update, nothing is traded any more.
   *
   * @param isSilent otherwise the exchange repeats the last states
   */
  halt(isSilent: boolean): void {
    for (const line of this.#lines) this.#update(line);
    this.#isSilent = isSilent;
    this.#anchorTime = this.time();
    this.#anchor = this.#scheduler.now;
    this.#speed = HALTED_SPEED;
  }

  /** What the exchange's history says of a range: all candles that exist, the open one included. */
  history(channel: Channel, from: number, to: number): Candle[] {
    const line = this.#line(channel);
    const unsettledAfter = this.time() - HISTORY_SETTLES_MS;
    const rows: Candle[] = [];
    for (let index = line.closed.length - 1; index >= 0; index -= 1) {
      const candle = line.closed[index];
      if (candle === undefined || candle.start < from) break;
      if (candle.start > to) continue;
      // Another spelling; and right after the end not the last values yet.
      const close = candle.end > unsettledAfter ? '1' : `${candle.close}0`;
      rows.unshift({ ...candle, close, confirm: false });
    }
    if (line.version > 0 && line.start >= from && line.start <= to) rows.push(openCandle(line));
    return rows;
  }

  #line(channel: Channel): Line {
    const line = this.#lines.find((each) => each.channel.name === channel.name);
    if (line === undefined) throw new Error(`no market of ${channel.name}`);
    return line;
  }

  #createLine(channel: Channel, index: number): Line {
    const { pastMinutes, absentChance } = this.options;
    const { interval } = channel;
    const line: Line = {
      channel,
      index,
      closed: [],
      start: startOf(interval, this.time() - pastMinutes * MINUTE_MS),
      version: 0,
      updatedAt: 0,
      isQuiet: false,
    };
    const now = startOf(interval, this.time());
    while (line.start < now) {
      if (!this.#random.chance(absentChance)) line.closed.push(closedCandle(line));
      line.start = nextStart(interval, line.start);
    }
    return line;
  }

  #scheduleUpdate(line: Line): void {
    const delayMs = this.#random.exponential(this.options.updateMs) + 20;
    this.#scheduler.schedule(delayMs, null, () => {
      this.#scheduleUpdate(line);
      this.#update(line);
    });
  }

  #update(line: Line): void {
    if (this.#isSilent || line.isQuiet || (this.#isHalted && line.version === 0)) return;
    if (!this.#isHalted) {
      if (this.time() === line.updatedAt) return;
      line.version += 1;
      line.updatedAt = this.time();
    }
    this.#emit([{ line, candle: openCandle(line) }]);
  }

  get #isHalted(): boolean {
    return this.#speed === HALTED_SPEED;
  }

  #scheduleEnd(line: Line): void {
    const left = nextStart(line.channel.interval, line.start) - this.time();
    this.#scheduler.schedule(left / this.#speed + 0.01, null, () => {
      if (this.#isHalted) return;
      if (this.time() < nextStart(line.channel.interval, line.start)) this.#scheduleEnd(line);
      else this.#end(line);
    });
  }

  #end(line: Line): void {
    // What is traded in the last moment comes with the close.
    const exists = !line.isQuiet;
    const ended = closedCandle(line);
    if (exists) line.closed.push(ended);
    line.start = nextStart(line.channel.interval, line.start);
    line.version = 0;
    line.isQuiet = this.#random.chance(this.options.absentChance);
    this.#scheduleEnd(line);
    if (!exists) return;
    const withNext = !line.isQuiet && this.#random.chance(0.2);
    if (withNext) {
      line.version = 1;
      line.updatedAt = this.time();
    }
    const frame = [{ line, candle: ended }];
    if (withNext) frame.push({ line, candle: openCandle(line) });
    this.#emit(this.#random.chance(0.3) ? frame.reverse() : frame);
  }

  #emit(frame: readonly { readonly line: Line; readonly candle: Candle }[]): void {
    const exchange = this.time();
    const candles = frame.map(({ line, candle }) => ({
      channel: line.channel.name,
      candle,
      exchange,
    }));
    for (const listener of this.#listeners) listener(candles);
  }
}

function valuesOf(line: Line, close: string, volume: string, confirm: boolean): Candle {
  const { start, channel, index } = line;
  const base = `${1_000 + ((start / MINUTE_MS) % 1_000)}.${index + 1}`;
  return {
    start,
    end: endOf(channel.interval, start),
    open: base,
    high: '9999',
    low: '1',
    close,
    volume,
    turnover: base,
    confirm,
  };
}

/** Its final values follow from channel and start. */
function closedCandle(line: Line): Candle {
  return valuesOf(line, `${(line.start / MINUTE_MS) % 100_000}.${line.index + 1}5`, '1000', true);
}

function openCandle(line: Line): Candle {
  return valuesOf(line, `${line.version}.5`, String(line.version), false);
}
