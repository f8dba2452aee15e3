import { measureUpgrades, type UpgradeSubject } from '../connections/upgrades.ts';
import { freeProcess } from '../lib/cores.ts';
import { figure, verdict } from '../lib/results.ts';
import type { Scenario } from '../lib/scenario.ts';
import { ratios } from '../lib/statistics.ts';

const GOALS = { 'new tokens': 0.35, 'tokens seen before': 0.55 } as const;
const NAMES: Readonly<Record<UpgradeSubject, string>> = {
  bare: 'bare uWebSockets.js',
  'new tokens': 'candlegate, new EdDSA tokens',
  'tokens seen before': 'candlegate, tokens seen before',
};

/** How many clients a second are let in, with a signature and limits for each. */
export const upgradesScenario: Scenario = {
  name: 'upgrades',
  title: 'Upgrades',
  async run(bench) {
    freeProcess(process.pid);
    const rounds = await measureUpgrades({
      rounds: bench.rounds,
      upgrades: bench.isQuick ? 2_000 : 8_000,
      progress: (line) => bench.progress(line),
    });
    const perSecond = (subject: UpgradeSubject) => rounds[subject].map((round) => round.perSecond);
    const subjects = Object.keys(NAMES) as UpgradeSubject[];
    const lost = subjects.flatMap((subject) => rounds[subject].map((round) => round.lost));
    const refused = subjects.flatMap((subject) => rounds[subject].map((round) => round.refused));
    const opened = subjects.flatMap((subject) => rounds[subject].map((round) => round.opened));
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    return {
      verdicts: (['new tokens', 'tokens seen before'] as const).map((subject) =>
        verdict({
          what: `upgrades a second, limits on, ${subject === 'new tokens' ? 'new EdDSA tokens' : subject}`,
          goal: `≥ ${GOALS[subject]} of bare`,
          unit: '× bare',
          rounds: ratios(perSecond(subject), perSecond('bare')),
          isMet: (value) => value >= GOALS[subject],
        }),
      ),
      figures: subjects.flatMap((subject) => {
        const of = (quantity: string, unit: string, values: readonly number[]) =>
          figure({ subject: NAMES[subject], quantity, unit, at: '200 at a time', rounds: values });
        const taken = rounds[subject];
        return [
          of('upgrades', 'a second', perSecond(subject)),
          of(
            'CPU of the server for an upgrade',
            'µs',
            taken.map(({ cpuUs }) => cpuUs),
          ),
          of(
            'CPU of Redis for an upgrade',
            'µs',
            taken.map(({ redisUs }) => redisUs),
          ),
          of(
            'CPU of the client for an upgrade',
            'µs',
            taken.map(({ clientUs }) => clientUs),
          ),
          of(
            'p99 from connect to 101',
            'ms',
            taken.map(({ p99Ms }) => p99Ms),
          ),
        ];
      }),
      remarks: [
        `Of ${sum(opened)} connections ${sum(lost)} ended right after their 101, and ${sum(refused)} were refused.`,
      ],
    };
  },
};
