import { measureSlowClients, type SlowRound } from '../connections/slow-clients.ts';
import { freeProcess } from '../lib/cores.ts';
import { figure, verdict } from '../lib/results.ts';
import type { Scenario } from '../lib/scenario.ts';

const GOAL_SHARE = 1.1;
const GOAL_MS = 1;
const MOST_ROUNDS = 3;

/** What clients notice of others that do not read. */
export const slowClientsScenario: Scenario = {
  name: 'slow-clients',
  title: 'Slow clients',
  async run(bench) {
    freeProcess(process.pid);
    const rounds = await measureSlowClients({
      rounds: bench.isQuick ? 1 : Math.min(MOST_ROUNDS, bench.rounds),
      progress: (line) => bench.progress(line),
    });
    /** Growth of the p99 in ms, and 0 where it is within the tenth. */
    const growth = (of: (round: SlowRound) => number) =>
      rounds.map((round) =>
        of(round) <= GOAL_SHARE * round.none.p99 ? 0 : of(round) - round.none.p99,
      );
    const row = (what: string, of: (round: SlowRound) => number) =>
      verdict({
        what: `${what} in a thousand: growth of the others' p99 beyond 10 %`,
        goal: `≤ ${GOAL_MS} ms`,
        unit: 'ms',
        rounds: growth(of),
        isMet: (value) => value <= GOAL_MS,
      });
    const of = (at: string, value: (round: SlowRound) => number, quantity = "others' p99") =>
      figure({ subject: 'candlegate', quantity, unit: 'ms', at, rounds: rounds.map(value) });
    return {
      verdicts: [
        row('one slow client', ({ one }) => one.p99),
        row('a hundred slow clients', ({ hundred }) => hundred.p99),
      ],
      figures: [
        of('no slow client', ({ none }) => none.p99),
        of('one slow client', ({ one }) => one.p99),
        of('a hundred slow clients', ({ hundred }) => hundred.p99),
        of('no slow client', ({ none }) => none.p50, "others' median"),
        of('a hundred slow clients', ({ hundred }) => hundred.p50, "others' median"),
      ],
      remarks: [
        `Slow clients read for 30 ms every 15 s. When the hundred were measured, ${rounds.map(({ lagging }) => lagging).join(', ')} connections were off the live stream.`,
      ],
    };
  },
};
