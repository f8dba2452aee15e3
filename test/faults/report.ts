import type { Verdict } from '../support/checker.ts';
import type { Clients } from './clients.ts';
import type { Incident } from './incidents.ts';
import { BOUNDS_MS, longestSilence, summarize, type Measurement } from './measure.ts';
import type { Rig } from './rig.ts';
import { table } from './table.ts';

export interface RunResult {
  readonly seed: number;
  readonly rig: Rig;
  readonly clients: Clients;
  readonly incidents: readonly Incident[];
  readonly verdict: Verdict;
  readonly measurements: readonly Measurement[];
}

/** Prints what a run has shown. The last table is one row for `docs/faults.md`. */
export function report(result: RunResult): void {
  const { rig, clients, incidents, verdict, measurements } = result;
  section(
    'Faults',
    table(
      [
        'fault',
        'count',
        'longest silence ms',
        'longest healing ms',
        'candles closed meanwhile',
        'missing',
      ],
      summarize(rig, incidents, clients.steady, verdict.problems).map((row) => [
        row.name,
        row.count,
        row.longestSilenceMs,
        row.longestHealingMs,
        row.closedMeanwhile,
        row.missing,
      ]),
    ),
  );
  section(
    'Clients',
    table(
      ['client', 'candles received', 'resumes', 'recovered:false', 'ends of connections'],
      clients.all.map(({ name, receipts, resumes, unrecovered, ends }) => [
        name,
        receipts.length,
        resumes.length,
        unrecovered,
        [...ends].map(([end, count]) => `${end}×${count}`).join(' '),
      ]),
    ),
  );
  section(
    'Targets',
    table(
      ['target', 'measured', 'median ms', 'longest ms', 'bound ms'],
      targets(measurements).map(({ target, times }) => [
        target,
        times.length,
        median(times),
        Math.max(...times),
        BOUNDS_MS[target],
      ]),
    ),
  );
  section('Run', table(RUN_HEAD, [runRow(result)]));
}

const RUN_HEAD = [
  'seed',
  'Redis',
  'faults',
  'noise',
  'closes checked',
  'per client',
  'repeats',
  'missing',
  'other problems',
  'longest silence ms',
  'takeover ms',
  'handover ms',
  'Redis ms',
  'resume ms',
];

function runRow(result: RunResult): (string | number)[] {
  const { seed, clients, incidents, verdict, measurements } = result;
  const missing = verdict.problems.filter(({ kind }) => kind === 'missing').length;
  const longest = new Map(
    targets(measurements).map(({ target, times }) => [target, Math.max(...times)]),
  );
  const channels = clients.all.reduce((sum, client) => sum + client.channels.length, 0);
  return [
    seed,
    result.rig.store.mode,
    incidents.filter(({ isNoise }) => !isNoise).length,
    incidents.filter(({ isNoise }) => isNoise).length,
    verdict.checked,
    Math.round((verdict.checked / channels) * result.rig.channels.length),
    verdict.repeats,
    missing,
    verdict.problems.length - missing,
    longestSilence(clients.steady, [-Infinity, Infinity]),
    ...(['takeover', 'handover', 'redis', 'resume'] as const).map(
      (target) => longest.get(target) ?? '–',
    ),
  ];
}

function targets(measurements: readonly Measurement[]) {
  const names = [...new Set(measurements.map(({ target }) => target))];
  return names.map((target) => ({
    target,
    times: measurements
      .filter((each) => each.target === target)
      .map(({ ms }) => ms ?? Infinity)
      .sort((a, b) => a - b),
  }));
}

function median(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)] ?? Infinity;
}

function section(title: string, text: string): void {
  console.log(`\n${title}\n\n${text}`);
}
