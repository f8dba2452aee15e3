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

/** Where a row of the summary stands in the results. */
interface SummaryRow {
  readonly what: string;
  readonly scenario: string;
  readonly quantity: string;
  readonly at?: string;
}

const SUMMARY_ROWS: readonly SummaryRow[] = [
  {
    what: 'deliveries a second before falling behind, 1,000 clients of 9 channels',
    scenario: 'saturation',
    quantity: 'deliveries before falling behind',
  },
  {
    what: 'CPU of a delivery, 1,000 clients, 500 updates a second',
    scenario: 'cpu',
    quantity: 'CPU per delivery',
    at: '500 updates/s',
  },
  {
    what: 'CPU of a delivery, 1,000 clients, 50 updates a second',
    scenario: 'cpu',
    quantity: 'CPU per delivery',
    at: '50 updates/s',
  },
  {
    what: 'clients let in, a second (candlegate: tokens seen before)',
    scenario: 'upgrades',
    quantity: 'upgrades',
  },
  {
    what: 'memory of an idle connection, of 15,000',
    scenario: 'memory',
    quantity: 'memory of a connection',
    at: '15,000 connections',
  },
];
/** The columns of the summary: a heading, and how the subject is called in one scenario or another. */
const SUMMARY_SUBJECTS: readonly (readonly [string, readonly string[]])[] = [
  ['candlegate', ['candlegate', 'candlegate, JSON', 'candlegate, tokens seen before']],
  ['bare uWebSockets.js', ['bare uWebSockets.js']],
  ['`ws`', ['ws']],
  ['socket.io', ['socket.io']],
];

/** What README.md shows of it all: medians, side by side. */
export function summaryTable(results: readonly StoredResult[]): string {
  const rows = SUMMARY_ROWS.map(({ what, scenario, quantity, at }) => {
    const figures = results.find(({ name }) => name === scenario)?.figures ?? [];
    const ofRow = figures.filter(
      (each) => each.quantity === quantity && (at ?? each.at) === each.at,
    );
    const cells = SUMMARY_SUBJECTS.map(([, names]) => {
      const found = ofRow.find(({ subject }) => names.includes(subject));
      return found === undefined ? '–' : `${number(found.spread.median)} ${found.unit}`;
    });
    return [what, ...cells];
  });
  return table(['', ...SUMMARY_SUBJECTS.map(([heading]) => heading)], rows);
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
