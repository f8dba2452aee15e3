import {
  bulkhead,
  circuitBreaker,
  ConsecutiveBreaker,
  handleWhen,
  retry,
  type BulkheadPolicy,
  type CircuitBreakerPolicy,
  type RetryPolicy,
} from 'cockatiel';
import { RateLimiterMemory, RateLimiterQueue } from 'rate-limiter-flexible';
import { z } from 'zod';
import { candleSchema, type Candle } from '../../candle/candle.ts';
import type { Channel } from '../../candle/channel.ts';
import { endOf, isAligned, nextStart, type Interval } from '../../candle/interval.ts';
import type { Clock } from '../../time/clock.ts';
import type { ClockSample } from '../../time/clock-offset.ts';
import { fullJitter } from '../backoff.ts';
import type { CandleArchive, HistoryAnswer, StartRange } from '../exchange.ts';
import { RestError, type RestOutcome } from './rest-errors.ts';

export interface RestSettings {
  /** One budget for all calls. Bybit allows 120 a second and IP, then answers 403 for ten minutes. */
  readonly restRequestsPerSecond: number;
  readonly restTimeoutMs: number;
  /** How often a call that failed in passing is made again. */
  readonly restRetries: number;
  /** How long nothing is asked after a 403. */
  readonly restBreakerMs: number;
}

export interface RestDeps {
  /** Like `https://api.bybit.com`. */
  readonly url: string;
  /** `linear`, `inverse` or `spot`. */
  readonly category: string;
  readonly settings: RestSettings;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onCall?: (outcome: RestOutcome) => void;
}

const MAX_ROWS = 1_000;
/**
 * Calls under way at a time. An exchange that answers more slowly than the budget asks would otherwise
 * have ever more of them to work on, and finish each after its timeout.
 */
const MAX_CALLS_AT_ONCE = 10;
const RETRY_INITIAL_MS = 200;
const RETRY_MAX_MS = 5_000;
/** retCodes that pass: too many visits, server error. */
const TOO_MANY_VISITS = 10_006;
const SERVER_ERROR = 10_016;

const answerSchema = z.object({
  retCode: z.int(),
  retMsg: z.string(),
  result: z.unknown(),
  time: z.int().positive(),
});
const digits = z.string().regex(/^\d{1,19}$/);
const rowSchema = z
  .tuple([digits, z.string(), z.string(), z.string(), z.string(), z.string(), z.string()])
  .rest(z.unknown());
const klineResultSchema = z.object({ symbol: z.string(), list: z.array(rowSchema) });
const timeResultSchema = z.object({ timeNano: digits });

interface Answer {
  readonly result: unknown;
  readonly time: number;
  readonly sentAt: number;
  readonly receivedAt: number;
}

/**
 * Bybit's v5 market data over HTTP: within one budget, each call with a timeout and retries, and none
 * at all for a while once Bybit has said 403. https://bybit-exchange.github.io/docs/v5/market/kline
 */
export class BybitRest implements CandleArchive {
  readonly #deps: RestDeps;
  readonly #budget: RateLimiterQueue;
  readonly #turns: BulkheadPolicy;
  readonly #breaker: CircuitBreakerPolicy;
  readonly #retry: RetryPolicy;

  constructor(deps: RestDeps) {
    this.#deps = deps;
    const { restRequestsPerSecond, restRetries, restBreakerMs } = deps.settings;
    this.#budget = new RateLimiterQueue(
      new RateLimiterMemory({ points: restRequestsPerSecond, duration: 1 }),
    );
    this.#turns = bulkhead(MAX_CALLS_AT_ONCE, Infinity);
    this.#breaker = circuitBreaker(
      handleWhen((error) => error instanceof RestError && error.outcome === 'forbidden'),
      { halfOpenAfter: restBreakerMs, breaker: new ConsecutiveBreaker(1) },
    );
    this.#retry = retry(
      handleWhen((error) => error instanceof RestError && error.isPassing),
      {
        maxAttempts: restRetries,
        backoff: fullJitter({
          initialMs: RETRY_INITIAL_MS,
          maxMs: RETRY_MAX_MS,
          random: deps.random,
        }),
      },
    );
  }

  /**
   * All candles of a range, page by page, oldest first.
   *
   * @throws RestError, cockatiel's BrokenCircuitError after a 403, or the signal's reason
   */
  async candles(channel: Channel, range: StartRange, signal: AbortSignal): Promise<HistoryAnswer> {
    const rows: Candle[] = [];
    let time: number | null = null;
    let receivedAt = 0;
    for (const page of pagesOf(channel.interval, range)) {
      const answer = await this.#call(
        '/v5/market/kline',
        {
          category: this.#deps.category,
          symbol: channel.symbol,
          interval: channel.interval,
          start: String(page.from),
          end: String(page.to),
          limit: String(MAX_ROWS),
        },
        signal,
      );
      time ??= answer.time;
      receivedAt = answer.receivedAt;
      rows.push(...rowsOf(answer.result, channel, page));
    }
    return { rows, time: time ?? 0, receivedAt };
  }

  async time(signal: AbortSignal): Promise<ClockSample> {
    const { result, sentAt, receivedAt } = await this.#call('/v5/market/time', {}, signal);
    const parsed = timeResultSchema.safeParse(result);
    if (!parsed.success) throw new RestError('invalid', 'the time has an unknown shape');
    // In whole microseconds: nanoseconds since 1970 do not fit a double.
    const remote = Number(BigInt(parsed.data.timeNano) / 1_000n) / 1_000;
    return { sentAt, receivedAt, remote };
  }

  #call(path: string, query: Record<string, string>, signal: AbortSignal): Promise<Answer> {
    const url = new URL(path, this.#deps.url);
    url.search = new URLSearchParams(query).toString();
    const attempt = async (): Promise<Answer> => {
      signal.throwIfAborted();
      await this.#budget.removeTokens(1);
      signal.throwIfAborted();
      return this.#breaker.execute(() => this.#attempt(url, signal));
    };
    return this.#retry.execute(() => this.#turns.execute(attempt), signal);
  }

  async #attempt(url: URL, signal: AbortSignal): Promise<Answer> {
    const report = this.#deps.onCall;
    try {
      const answer = await this.#fetch(url, signal);
      report?.('ok');
      return answer;
    } catch (error) {
      if (error instanceof RestError) report?.(error.outcome);
      throw error;
    }
  }

  async #fetch(url: URL, signal: AbortSignal): Promise<Answer> {
    const timeout = AbortSignal.timeout(this.#deps.settings.restTimeoutMs);
    const sentAt = this.#deps.clock.now();
    let receivedAt: number;
    let body: unknown;
    try {
      const response = await fetch(url, {
        signal: AbortSignal.any([signal, timeout]),
        redirect: 'error',
      });
      receivedAt = this.#deps.clock.now();
      const text = await response.text();
      if (response.status !== 200) throw statusError(response.status, text);
      body = JSON.parse(text);
    } catch (error) {
      if (error instanceof RestError) throw error;
      if (signal.aborted) throw signal.reason;
      if (timeout.aborted) throw new RestError('timeout', `no answer of ${url.pathname} in time`);
      if (error instanceof SyntaxError) {
        throw new RestError('invalid', `${url.pathname} answered no JSON`, { cause: error });
      }
      throw new RestError('network', `${url.pathname} could not be reached`, { cause: error });
    }
    const parsed = answerSchema.safeParse(body);
    if (!parsed.success) throw new RestError('invalid', `${url.pathname} has an unknown shape`);
    const { retCode, retMsg, result, time } = parsed.data;
    if (retCode !== 0) throw retCodeError(retCode, retMsg);
    return { result, time, sentAt, receivedAt };
  }
}

function statusError(status: number, text: string): RestError {
  const message = `HTTP ${status}: ${text.slice(0, 100)}`;
  if (status === 403) return new RestError('forbidden', message);
  if (status === 429) return new RestError('too_many', message);
  return new RestError(status >= 500 ? 'server_error' : 'refused', message);
}

function retCodeError(code: number, text: string): RestError {
  const message = `retCode ${code}: ${text}`;
  if (code === TOO_MANY_VISITS) return new RestError('too_many', message);
  return new RestError(code === SERVER_ERROR ? 'server_error' : 'refused', message);
}

/** Ranges of at most a page each, in order: an answer with more rows would lack the oldest. */
function pagesOf(interval: Interval, { from, to }: StartRange): StartRange[] {
  const pages: StartRange[] = [];
  let first = from;
  let count = 0;
  for (let start = from; start <= to; start = nextStart(interval, start)) {
    count += 1;
    const next = nextStart(interval, start);
    if (count < MAX_ROWS && next <= to) continue;
    pages.push({ from: first, to: start });
    first = next;
    count = 0;
  }
  return pages;
}

/** Rows come newest first. One bad row spoils the answer: what it stands for would seem not to exist. */
function rowsOf(result: unknown, channel: Channel, page: StartRange): Candle[] {
  const parsed = klineResultSchema.safeParse(result);
  if (!parsed.success) throw new RestError('invalid', 'the candles have an unknown shape');
  if (parsed.data.symbol !== channel.symbol) {
    throw new RestError('invalid', `asked for ${channel.symbol}, got ${parsed.data.symbol}`);
  }
  return parsed.data.list
    .map((row) => candleOf(row, channel.interval))
    .filter(({ start }) => start >= page.from && start <= page.to)
    .sort((a, b) => a.start - b.start);
}

function candleOf(row: z.infer<typeof rowSchema>, interval: Interval): Candle {
  const [startText, open, high, low, close, volume, turnover] = row;
  const start = Number(startText);
  const end = endOf(interval, start);
  const candle = { start, end, open, high, low, close, volume, turnover, confirm: false };
  const parsed = candleSchema.safeParse(candle);
  if (!parsed.success || !isAligned(interval, start)) {
    throw new RestError('invalid', `bad row of ${startText}`);
  }
  return parsed.data;
}
