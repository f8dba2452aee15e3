import type { Candle } from '../../src/candle/candle.ts';

/**
 * Judges what clients ended up with against what the exchange closed. It shares no code with the
 * product and knows nothing of how a log came about: every proof of delivery is judged by it.
 */

/** What one client was given of one channel. */
export interface ClientLog {
  readonly client: string;
  readonly channel: string;
  /**
   * `start` of the last candle that had closed when the client subscribed for the first time: it is
   * owed every one after it. Null: from the first one that it was given.
   */
  readonly owedAfter: number | null;
  /** Every candle in the order in which it came, from live messages and snapshots, repeats included. */
  readonly candles: readonly Candle[];
}

/** What the exchange says of one channel. */
export interface Truth {
  /** Every closed candle up to the end of the logs, in order of `start`. */
  readonly closed: readonly Candle[];
  /** The open candle at the end; null where there is none, undefined where that is not known. */
  readonly open: Candle | null | undefined;
}

/**
 * - `missing`: a closed candle that the client was never given
 * - `out_of_order`: one that came for the first time after a later one
 * - `wrong_value`: one with other values than the exchange's, or two versions of one
 * - `not_closed`: one that the exchange never closed
 * - `open_differs`: the newest state of the open candle is not the exchange's
 */
export type ProblemKind =
  'missing' | 'out_of_order' | 'wrong_value' | 'not_closed' | 'open_differs';

export interface Problem {
  readonly kind: ProblemKind;
  readonly client: string;
  readonly channel: string;
  /** The candle concerned, ms since 1970. */
  readonly start: number;
  readonly detail: string;
}

export interface Verdict {
  /** Closed candles that were owed and looked for, over all logs. */
  readonly checked: number;
  /** Closed candles that came again. */
  readonly repeats: number;
  readonly problems: readonly Problem[];
}

/** @param truthOf the truth of a channel; undefined is a mistake of the caller's */
export function checkLogs(
  logs: readonly ClientLog[],
  truthOf: ReadonlyMap<string, Truth>,
): Verdict {
  const verdicts = logs.map((log) => {
    const truth = truthOf.get(log.channel);
    if (truth === undefined) throw new Error(`no truth of ${log.channel}`);
    return checkLog(log, truth);
  });
  return {
    checked: verdicts.reduce((sum, { checked }) => sum + checked, 0),
    repeats: verdicts.reduce((sum, { repeats }) => sum + repeats, 0),
    problems: verdicts.flatMap(({ problems }) => problems),
  };
}

/** Judges one client's log of one channel. */
export function checkLog(log: ClientLog, truth: Truth): Verdict {
  const problems: Problem[] = [];
  const report = (kind: ProblemKind, start: number, detail: string) =>
    problems.push({ kind, client: log.client, channel: log.channel, start, detail });

  const closedByStart = new Map(truth.closed.map((candle) => [candle.start, candle]));
  const given = new Set<number>();
  let newest = -Infinity;
  let repeats = 0;
  let open: Candle | null = null;
  for (const candle of log.candles) {
    const { start } = candle;
    if (!candle.confirm) {
      if (start > newest) open = candle;
      continue;
    }
    const truly = closedByStart.get(start);
    if (truly === undefined) report('not_closed', start, text(candle));
    else if (!sameValues(candle, truly)) {
      report('wrong_value', start, `given ${text(candle)}, closed ${text(truly)}`);
    }
    if (given.has(start)) repeats += 1;
    else if (start < newest) report('out_of_order', start, `came after ${newest}`);
    given.add(start);
    newest = Math.max(newest, start);
    if (open !== null && open.start <= newest) open = null;
  }

  const first = Math.min(log.owedAfter ?? Infinity, firstStart(given));
  const owed = truth.closed.filter(
    ({ start }) => start > first || (start === first && given.has(start)),
  );
  for (const { start } of owed) {
    if (!given.has(start)) report('missing', start, `of ${owed.length} owed`);
  }
  const end = truth.open;
  if (end !== undefined && !sameOpen(open, end)) {
    const start = end?.start ?? open?.start ?? 0;
    report('open_differs', start, `given ${text(open)}, open ${text(end)}`);
  }
  return { checked: owed.length, repeats, problems };
}

function firstStart(starts: ReadonlySet<number>): number {
  let first = Infinity;
  for (const start of starts) first = Math.min(first, start);
  return first;
}

function sameOpen(a: Candle | null, b: Candle | null): boolean {
  return a === null || b === null ? a === b : sameValues(a, b);
}

const VALUES = ['open', 'high', 'low', 'close', 'volume', 'turnover'] as const;

/** Equal as numbers, however spelled. */
function sameValues(a: Candle, b: Candle): boolean {
  return (
    a.start === b.start &&
    a.end === b.end &&
    a.confirm === b.confirm &&
    VALUES.every((name) => sameNumber(a[name], b[name]))
  );
}

/** Compares decimal spellings of any length, without rounding. */
function sameNumber(a: string, b: string): boolean {
  if (a === b) return true;
  const digits = Math.max(fraction(a).length, fraction(b).length);
  return scaled(a, digits) === scaled(b, digits);
}

function fraction(decimal: string): string {
  return decimal.split('.')[1] ?? '';
}

function scaled(decimal: string, digits: number): bigint {
  return BigInt(decimal.replace('.', '') + '0'.repeat(digits - fraction(decimal).length));
}

function text(candle: Candle | null): string {
  if (candle === null) return 'none';
  const { start, confirm } = candle;
  const state = confirm ? 'closed' : 'open';
  return `${start} ${state} ${VALUES.map((name) => candle[name]).join('/')}`;
}
