import { growthOf, MAX_GROWTH_BYTES, type FuzzReport } from './run.ts';

/** Bad frames and reconnects are logged sparsely. */
const MAX_LOG_LINES = 400;

/** What did not hold, in sentences; empty when everything did. */
export function failuresOf(report: FuzzReport): string[] {
  const { flood, verdict } = report;
  const failures = [...new Set(report.violations)].slice(0, 20);
  const growth = growthOf(report.memoryBefore, report.memoryAfter);
  if (report.exitCode !== 0) failures.push(`the process ended with ${report.exitCode}`);
  if (flood.answered === 0) failures.push('no connection was answered');
  if (verdict.checked === 0) failures.push('no closed candle was checked');
  for (const problem of verdict.problems) failures.push(JSON.stringify(problem));
  if (report.reconnects > 0) failures.push('the well-behaved client lost its connection');
  if (report.badFrames === 0) failures.push('ingest refused nothing');
  if (report.handlerFailures > 0) failures.push(`${report.handlerFailures} faults in handlers`);
  failures.push(...report.errorLines.slice(0, 10));
  if (report.logLines > MAX_LOG_LINES) failures.push(`${report.logLines} lines of log`);
  if (growth > MAX_GROWTH_BYTES) failures.push(`memory grew by ${growth} bytes`);
  return failures;
}
