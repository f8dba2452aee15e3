import type { Environment } from '../lib/environment.ts';
import type { Figure, ScenarioResult } from '../lib/scenario.ts';
import type { Spread } from '../lib/statistics.ts';

/** The content of a file in `results/`. */
export interface StoredResult extends ScenarioResult {
  readonly name: string;
  readonly title: string;
  readonly environment: Environment;
}

function number(value: number): string {
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

function between({ low, high }: Spread): string {
  return `${number(low)} … ${number(high)}`;
}

/** A table in Markdown; cells must not hold `|`. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** One row per goal: what was reached, how far the rounds lie apart, and whether that is enough. */
export function goalTable(results: readonly StoredResult[]): string {
  const rows = results.flatMap(({ verdicts }) =>
    verdicts.map(({ what, goal, unit, spread, isMet }) => [
      what,
      goal,
      `${number(spread.median)} ${unit}`,
      between(spread),
      isMet ? 'yes' : '**no**',
    ]),
  );
  return table(['what', 'goal', 'measured', 'quartiles', 'met'], rows);
}

/** What was measured, in a section for each scenario. */
export function figureTables(results: readonly StoredResult[]): string {
  return results
    .map(({ title, figures, remarks, environment }) => {
      const rows = figures.map((figure) => figureRow(figure));
      const { measuredAt, commit } = environment;
      return [
        `### ${title}`,
        table(['what', 'at', 'subject', 'median', 'quartiles', 'rounds'], rows),
        ...remarks,
        `Measured ${measuredAt.slice(0, 10)} at commit ${commit}.`,
      ].join('\n\n');
    })
    .join('\n\n');
}

function figureRow({ quantity, at, subject, unit, spread }: Figure): string[] {
  const { median, rounds } = spread;
  return [quantity, at, subject, `${number(median)} ${unit}`, between(spread), String(rounds)];
}

/** The machine and the versions, in one sentence; those of the newest result. */
export function environmentSentence(results: readonly StoredResult[]): string {
  const newest = [...results]
    .sort((a, b) => a.environment.measuredAt.localeCompare(b.environment.measuredAt))
    .at(-1)?.environment;
  if (newest === undefined) return 'Nothing has been measured yet.';
  const { cpu, cpus, memoryGiB, kernel, versions } = newest;
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${cpu}, ${cpus} CPUs (virtual), ${memoryGiB} GiB, Linux ${kernel}; ${names.join(', ')}.`;
}
