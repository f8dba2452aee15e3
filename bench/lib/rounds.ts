/**
 * The order of one round: every subject once, beginning with another one each time, so that none is
 * always measured in the wake of the same one.
 */
export function rotated<Subject>(subjects: readonly Subject[], round: number): Subject[] {
  const start = subjects.length === 0 ? 0 : round % subjects.length;
  return [...subjects.slice(start), ...subjects.slice(0, start)];
}
