/** Counts of events per second, from the first second that has any to the last. */
export function perSecond(times: readonly number[], origin: number): readonly number[] {
  const seconds = times.map((time) => Math.floor((time - origin) / 1000));
  const counts = Array.from({ length: Math.max(-1, ...seconds) + 1 }, () => 0);
  for (const second of seconds) counts[second] = (counts[second] ?? 0) + 1;
  return counts;
}

/** The curve for people: a bar of one sign per reconnect. */
export function drawn(counts: readonly number[]): string {
  return counts
    .map((count, second) =>
      `${String(second).padStart(3)} s ${String(count).padStart(3)} ${'#'.repeat(count)}`.trimEnd(),
    )
    .join('\n');
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
