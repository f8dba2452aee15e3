/** Thousands separators in a decimal string, digit for digit as the exchange spelled it. */
export function groupDigits(decimal: string): string {
  const [whole = '', fraction] = decimal.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** Digits after the point. */
export function decimalsOf(decimal: string): number {
  const point = decimal.indexOf('.');
  return point === -1 ? 0 : decimal.length - point - 1;
}

/** `+1,234.5`, `−0.5`: always with a sign (U+2212 for minus), with this many decimals. */
export function formatSigned(value: number, decimals: number): string {
  const text = groupDigits(Math.abs(value).toFixed(decimals));
  if (Number(text.replaceAll(',', '')) === 0) return text;
  return `${value < 0 ? '−' : '+'}${text}`;
}

const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 2 });

/** A volume in short: `1.23K`. */
export function formatCompact(decimal: string): string {
  return compact.format(Number(decimal));
}

/** A latency: `0.42 ms`, `12.3 ms`, `1,234 ms`, `12.3 s`. */
export function formatMs(ms: number): string {
  const size = Math.abs(ms);
  if (size >= 9_999.5) return `${(ms / 1000).toFixed(1)} s`;
  if (size >= 99.95) return `${groupDigits(ms.toFixed(0))} ms`;
  return `${ms.toFixed(size < 9.995 ? 2 : 1)} ms`;
}

/** A length of time in whole seconds: `4s`, `12m 04s`, `3h 05m`, `2d 04h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${two(seconds % 60)}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}h ${two(minutes % 60)}m`;
  return `${Math.floor(hours / 24)}d ${two(hours % 24)}h`;
}

/** Time of day in UTC, `hh:mm:ss.mmm`. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString().slice(11, 23);
}

/** Date and minute in UTC, `2025-04-18 18:15`. */
export function formatMinute(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}

const INTERVAL_LABELS: Readonly<Record<string, { short: string; long: string }>> = {
  D: { short: '1D', long: '1 day' },
  W: { short: '1W', long: '1 week' },
  M: { short: '1M', long: '1 month' },
};

/** When a candle began, as short as can be told apart: the time in UTC, at midnight the date. */
export function formatStart(ms: number): string {
  const minute = formatMinute(ms);
  return minute.endsWith(' 00:00') ? minute.slice(0, 10) : minute.slice(11);
}

/** An interval in Bybit's spelling as people read it: `5m` and `5 minutes`. */
export function intervalLabel(interval: string): { short: string; long: string } {
  const known = INTERVAL_LABELS[interval];
  if (known !== undefined) return known;
  const minutes = Number(interval);
  const [count, unit] = minutes % 60 === 0 ? [minutes / 60, 'hour'] : [minutes, 'minute'];
  return { short: `${count}${unit.charAt(0)}`, long: `${count} ${unit}${count === 1 ? '' : 's'}` };
}

/** How long a number of candles last together, as short as it is exact: `5h`, `3d`, `45m`. */
export function formatSpan(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes % 1_440 === 0) return `${minutes / 1_440}d`;
  return minutes % 60 === 0 ? `${minutes / 60}h` : formatDuration(ms).replace(/ 00s$/, '');
}
