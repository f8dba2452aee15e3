import { measureMemory, type MemorySubject } from '../connections/memory.ts';
import { freeProcess } from '../lib/cores.ts';
import { figure, verdict } from '../lib/results.ts';
import type { Scenario } from '../lib/scenario.ts';

const GOAL_BYTES = 2_500;
/** How much more than on average a connection may take when there are many, and still be called flat. */
const FLAT_SHARE = 1.1;
const MOST_ROUNDS = 3;
const NAMES: Readonly<Record<MemorySubject, string>> = {
  bare: 'bare uWebSockets.js',
  candlegate: 'candlegate',
  'every client its own token': 'candlegate, every client with a token of its own',
};

/** Memory of connections that only listen. */
export const memoryScenario: Scenario = {
  name: 'memory',
  title: 'Memory of a connection',
  async run(bench) {
    freeProcess(process.pid);
    const steps = bench.isQuick ? [500, 2_000] : [1_000, 8_000, 15_000];
    const rounds = await measureMemory({
      rounds: Math.min(MOST_ROUNDS, bench.rounds),
      steps,
      progress: (line) => bench.progress(line),
    });
    const subjects = Object.keys(NAMES) as MemorySubject[];
    const own = rounds.candlegate;
    const most = `${(steps.at(-1) ?? 0).toLocaleString('en-US')} connections`;
    return {
      verdicts: [
        verdict({
          what: `memory of an idle, authenticated, subscribed connection, ${most}`,
          goal: `≤ ${GOAL_BYTES} B over baseline`,
          unit: 'B',
          rounds: own.map(({ perConnection }) => perConnection),
          isMet: (value) => value <= GOAL_BYTES,
        }),
        verdict({
          what: `memory of a further connection, from ${(steps[0] ?? 0).toLocaleString('en-US')} to ${most}`,
          goal: `flat: ≤ ${FLAT_SHARE} of the average`,
          unit: '× average',
          rounds: own.map((round) => round.perFurtherConnection / round.perConnection),
          isMet: (value) => value <= FLAT_SHARE,
        }),
      ],
      figures: subjects.flatMap((subject) => {
        const taken = rounds[subject];
        const of = (quantity: string, unit: string, at: string, values: readonly number[]) =>
          figure({ subject: NAMES[subject], quantity, unit, at, rounds: values });
        return [
          of(
            'resident memory',
            'MB',
            'no connections',
            taken.map(({ baseline }) => baseline / 1e6),
          ),
          ...steps.map((step, index) =>
            of(
              'memory of a connection',
              'B',
              `${step.toLocaleString('en-US')} connections`,
              taken.map(({ at }) => (at[index]?.bytes ?? NaN) / step),
            ),
          ),
          of(
            'memory of a connection, garbage included',
            'B',
            most,
            taken.map(
              ({ at }) => (at.at(-1)?.uncollected ?? NaN) / (at.at(-1)?.connections ?? NaN),
            ),
          ),
          of(
            'CPU of an idle connection',
            'µs a second',
            most,
            taken.map(({ idleUs }) => idleUs),
          ),
        ];
      }),
      remarks: [
        'Resident memory of the server once garbage is collected (a signal asks each for it), over what it had before the first connection; one channel each. The kernel’s share (about 4 KB a socket) is not in it.',
      ],
    };
  },
};
