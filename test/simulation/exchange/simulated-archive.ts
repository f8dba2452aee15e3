import type { Candle } from '../../../src/candle/candle.ts';
import type { Channel } from '../../../src/candle/channel.ts';
import type { CandleArchive, HistoryAnswer, StartRange } from '../../../src/ingest/exchange.ts';
import type { ClockSample } from '../../../src/time/clock-offset.ts';
import type { Random } from '../random.ts';
import type { VirtualProcess } from '../time/virtual-process.ts';
import type { ExchangeConditions } from './conditions.ts';
import type { Market } from './market.ts';

const TIMEOUT_MS = 5_000;
const MINUTE_MS = 60_000;

export interface SimulatedArchiveDeps {
  readonly market: Market;
  readonly process: VirtualProcess;
  readonly random: Random;
  readonly conditions: ExchangeConditions;
  /** A late row is missing for less than this after the first answer that lacks it, ms. */
  readonly maxRowLateMs: number;
}

/** The exchange's REST API as one worker sees it. */
export class SimulatedArchive implements CandleArchive {
  readonly #deps: SimulatedArchiveDeps;
  /** Until when answers lack a row, ms of virtual time; decided when it is first asked for. */
  readonly #lateUntil = new Map<string, number>();

  constructor(deps: SimulatedArchiveDeps) {
    this.#deps = deps;
  }

  candles(channel: Channel, range: StartRange, signal: AbortSignal): Promise<HistoryAnswer> {
    const { market, process } = this.#deps;
    return this.#ask(signal, () => {
      const rows = market
        .history(channel, range.from, range.to)
        .filter((row) => !this.#isLate(channel, row));
      const time = market.time();
      return () => ({ rows, time, receivedAt: process.now() });
    });
  }

  time(signal: AbortSignal): Promise<ClockSample> {
    const { market, process } = this.#deps;
    const sentAt = process.now();
    return this.#ask(signal, () => {
      const remote = market.time();
      return () => ({ sentAt, receivedAt: process.now(), remote });
    });
  }

  #isLate(channel: Channel, { start, end }: Candle): boolean {
    const { market, random, conditions, maxRowLateMs, process } = this.#deps;
    const { now } = process.scheduler;
    const endedMs = ((market.time() - end) / MINUTE_MS) * market.options.minuteMs;
    if (endedMs < conditions.historyLagMs) return true;
    if (endedMs < 0) return false;
    const row = `${channel.name} ${start}`;
    let until = this.#lateUntil.get(row);
    if (until === undefined) {
      const isLate = conditions.rowLate > 0 && random.chance(conditions.rowLate);
      until = isLate ? now + random.between(0, maxRowLateMs) : 0;
      this.#lateUntil.set(row, until);
    }
    return now < until;
  }

  /** @param question is asked at the exchange, and what it returns at receipt */
  #ask<T>(signal: AbortSignal, question: () => () => T): Promise<T> {
    const { process, random, conditions } = this.#deps;
    return new Promise((resolve, reject) => {
      const aborted = (): void => fail('aborted');
      const timeout = process.after(TIMEOUT_MS, () => fail('no answer'));
      const settle = (): void => {
        timeout.run = null;
        signal.removeEventListener('abort', aborted);
      };
      const fail = (why: string): void => {
        settle();
        reject(new Error(`the exchange: ${why}`));
      };
      signal.addEventListener('abort', aborted);
      if (random.chance(conditions.restHang)) return;
      process.scheduler.schedule(5 + random.exponential(20), null, () => {
        const isFailed = conditions.isRestDown || random.chance(conditions.restFailure);
        const answer = isFailed ? null : question();
        process.after(5 + random.exponential(20), () => {
          if (answer === null) {
            fail('unavailable');
            return;
          }
          settle();
          resolve(answer());
        });
      });
    });
  }
}
