import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Candle } from '../../src/candle/candle.ts';
import { parseChannel } from '../../src/candle/channel.ts';
import { endOf, nextStart, previousStart, startOf } from '../../src/candle/interval.ts';
import type { FaultPatch } from '../../src/simulator/faults.ts';
import type { DropWay } from '../../src/simulator/faults.ts';
import type { Truth } from '../support/checker.ts';

/** How long after its end the simulator makes a candle final, ms of its own time. */
const CONFIRM_DELAY_MS = 200;
/** The part of a minute in which nothing ends. */
const CALM_FROM_MS = 5_000;
const CALM_TO_MS = 30_000;
/** Between two looks at its clock; a small part of the calm one at any speed that is used. */
const POLL_MS = 10;
const CLOCK_SAMPLES = 10;
const ROWS_PER_PAGE = 1_000;
/** Puts its clock so far back that it stands still for the rest of the run. */
const STANDSTILL_MS = -1_000_000_000;

const answerSchema = z.object({
  retCode: z.literal(0),
  time: z.number(),
  result: z.object({ list: z.array(z.array(z.string())) }),
});

/** The simulated exchange as its own REST and its switchboard show it. */
export class Exchange {
  readonly #rest: string;
  readonly #speed: number;
  #wallStart = 0;
  #exchangeStart = 0;

  /** @param rest its address, past all links that are spoilt */
  constructor(rest: string, speed: number) {
    this.#rest = rest;
    this.#speed = speed;
  }

  /** Reads its clock; it runs evenly from there. The quickest of several answers is the most exact. */
  async readClock(): Promise<void> {
    let shortestMs = Infinity;
    for (let sample = 0; sample < CLOCK_SAMPLES; sample += 1) {
      const sentAt = Date.now();
      const time = await this.#time();
      const roundTripMs = Date.now() - sentAt;
      if (roundTripMs >= shortestMs) continue;
      shortestMs = roundTripMs;
      this.#wallStart = sentAt + roundTripMs / 2;
      this.#exchangeStart = time;
    }
  }

  /** When a candle became final, ms since 1970 of our clock. */
  closedAt(channel: string, start: number): number {
    const { interval } = parsed(channel);
    const finalAt = endOf(interval, start) + 1 + CONFIRM_DELAY_MS;
    return this.#wallStart + (finalAt - this.#exchangeStart) / this.#speed;
  }

  /** Start of the newest candle that was final at `wall` (ms since 1970, our clock). */
  newestClosed(channel: string, wall: number): number {
    const { interval } = parsed(channel);
    const time = this.#exchangeStart + (wall - this.#wallStart) * this.#speed - CONFIRM_DELAY_MS;
    return previousStart(interval, startOf(interval, time));
  }

  /** How many candles of all channels became final in a span of our time. */
  closedBetween(channels: readonly string[], from: number, to: number): number {
    return channels.reduce((sum, channel) => {
      const { interval } = parsed(channel);
      const last = this.newestClosed(channel, to);
      let count = 0;
      let start = this.newestClosed(channel, from);
      while (start < last) {
        start = nextStart(interval, start);
        count += 1;
      }
      return sum + count;
    }, 0);
  }

  /** Changes its faults; what is not named stays. */
  async setFaults(
    patch: FaultPatch & { readonly reset?: boolean; readonly dropConnections?: DropWay },
  ): Promise<void> {
    const response = await fetch(`${this.#rest}/simulator/faults`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(patch),
    });
    if (response.status !== 200) {
      throw new Error(`the simulator refuses ${JSON.stringify(patch)}: ${await response.text()}`);
    }
  }

  /**
   * Stops its clock, so that nothing closes any more, at an instant when everything that has ended is
   * final. Its open candles are pushed on.
   */
  async standStill(): Promise<void> {
    await this.setFaults({ reset: true });
    // Not in a tight loop: it bans whoever asks it more than 600 times in five seconds, as Bybit does.
    for (;;) {
      await delay(POLL_MS);
      // It stands still where it was last read.
      const time = await this.#time();
      const intoMinute = time - startOf('1', time);
      if (intoMinute < CALM_FROM_MS || intoMinute > CALM_TO_MS) continue;
      await this.setFaults({ clockOffsetMs: STANDSTILL_MS });
      const stopped = await this.#time();
      if (stopped - startOf('1', stopped) >= CALM_FROM_MS) return;
      await this.setFaults({ clockOffsetMs: 0 });
    }
  }

  /** What has closed from `from` (a start) on, and what is open. Only while its clock stands still. */
  async truth(channel: string, from: number): Promise<Truth> {
    const { symbol, interval } = parsed(channel);
    const closed: Candle[] = [];
    let open: Candle | null = null;
    let start = from;
    for (;;) {
      let last = start;
      for (let row = 1; row < ROWS_PER_PAGE; row += 1) last = nextStart(interval, last);
      const query = `category=linear&symbol=${symbol}&interval=${interval}&start=${start}&end=${last}&limit=${ROWS_PER_PAGE}`;
      const response = await fetch(`${this.#rest}/v5/market/kline?${query}`);
      const { time, result } = answerSchema.parse(await response.json());
      for (const row of result.list.reverse()) {
        const candle = candleOf(row, interval, time);
        if (candle.confirm) closed.push(candle);
        else open = candle;
      }
      if (last >= time) return { closed, open };
      start = nextStart(interval, last);
    }
  }

  async #time(): Promise<number> {
    const response = await fetch(`${this.#rest}/v5/market/time`);
    return z.object({ time: z.number() }).parse(await response.json()).time;
  }
}

function candleOf(row: readonly string[], interval: Parameters<typeof endOf>[0], time: number) {
  const [startText = '', open = '', high = '', low = '', close = '', volume = '', turnover = ''] =
    row;
  const start = Number(startText);
  const end = endOf(interval, start);
  const confirm = end + 1 + CONFIRM_DELAY_MS <= time;
  return { start, end, open, high, low, close, volume, turnover, confirm };
}

function parsed(name: string) {
  const channel = parseChannel(name);
  if (typeof channel === 'string') throw new Error(`${name}: ${channel}`);
  return channel;
}
