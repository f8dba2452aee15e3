/** Candle intervals in Bybit's spelling: minutes, or day, week (from Monday) and calendar month, all UTC. */
export const INTERVALS = [
  '1',
  '3',
  '5',
  '15',
  '30',
  '60',
  '120',
  '240',
  '360',
  '720',
  'D',
  'W',
  'M',
] as const;

export type Interval = (typeof INTERVALS)[number];

/** Spellings that users may write; `1M` is a month and `1m` a minute, so case matters. */
const ALIASES: Readonly<Record<string, Interval>> = {
  '1m': '1',
  '3m': '3',
  '5m': '5',
  '15m': '15',
  '30m': '30',
  '1h': '60',
  '2h': '120',
  '4h': '240',
  '6h': '360',
  '12h': '720',
  '1d': 'D',
  '1D': 'D',
  '1w': 'W',
  '1W': 'W',
  '1M': 'M',
};

/** The interval that a user's spelling means, or undefined. */
export function parseInterval(text: string): Interval | undefined {
  const exact = INTERVALS.find((interval) => interval === text);
  if (exact !== undefined) return exact;
  return Object.hasOwn(ALIASES, text) ? ALIASES[text] : undefined;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** 1970-01-05, the first Monday. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

/** Length in ms of every interval but the month, which has none. */
function fixedLengthMs(interval: Exclude<Interval, 'M'>): number {
  if (interval === 'D') return DAY_MS;
  if (interval === 'W') return WEEK_MS;
  return Number(interval) * MINUTE_MS;
}

/** Start of the candle that contains `time` (both ms since 1970, UTC). */
export function startOf(interval: Interval, time: number): number {
  if (interval === 'M') {
    const date = new Date(time);
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
  }
  const length = fixedLengthMs(interval);
  const phase = interval === 'W' ? FIRST_MONDAY_MS : 0;
  return Math.floor((time - phase) / length) * length + phase;
}

/** Start of the candle after the one that starts at `start`. */
export function nextStart(interval: Interval, start: number): number {
  if (interval !== 'M') return start + fixedLengthMs(interval);
  const date = new Date(start);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

/** Start of the candle before the one that starts at `start`. */
export function previousStart(interval: Interval, start: number): number {
  if (interval !== 'M') return start - fixedLengthMs(interval);
  const date = new Date(start);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - 1, 1);
}

/** Last millisecond of the candle: the exchange counts `end` inclusively. */
export function endOf(interval: Interval, start: number): number {
  return nextStart(interval, start) - 1;
}

/** Whether a candle of this interval can start at `start`. */
export function isAligned(interval: Interval, start: number): boolean {
  return startOf(interval, start) === start;
}
