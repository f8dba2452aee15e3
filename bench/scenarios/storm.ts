import { measureStorm, type StormRound } from '../connections/storm.ts';
import { freeProcess } from '../lib/cores.ts';
import { figure, verdict } from '../lib/results.ts';
import type { Scenario } from '../lib/scenario.ts';

const GOAL_SECONDS = 15;
const GOAL_LATENESS_MS = 250;
const MOST_ROUNDS = 3;

/** Ten thousand clients drop and come back with `since`. */
export const stormScenario: Scenario = {
  name: 'storm',
  title: 'Reconnect storm',
  async run(bench) {
    freeProcess(process.pid);
    const clients = bench.isQuick ? 2_000 : 10_000;
    const spreadMs = bench.isQuick ? 2_000 : 10_000;
    const storms = new Map<string, StormRound[]>();
    for (const newTokens of [false, true]) {
      const rounds = Math.min(MOST_ROUNDS, bench.rounds);
      const progress = (line: string) => bench.progress(line);
      storms.set(
        newTokens ? 'new EdDSA tokens' : 'tokens seen before',
        await measureStorm({ rounds, clients, spreadMs, newTokens, progress }),
      );
    }
    const all = [...storms.values()].flat();
    const sum = (of: (round: StormRound) => number) =>
      all.reduce((total, round) => total + of(round), 0);
    return {
      verdicts: [...storms].flatMap(([tokens, rounds]) => [
        verdict({
          what: `${clients.toLocaleString('en-US')} clients come back with \`since\` within 10 s, ${tokens}: all recovered`,
          goal: `≤ ${GOAL_SECONDS} s`,
          unit: 's',
          rounds: rounds.map((round) =>
            round.recovered === clients ? round.allRecoveredSeconds : Infinity,
          ),
          isMet: (value) => value <= GOAL_SECONDS,
        }),
        verdict({
          what: `meanwhile, the latest update at a client that stayed, ${tokens}`,
          goal: `≤ ${GOAL_LATENESS_MS} ms`,
          unit: 'ms',
          rounds: rounds.map(({ during }) => during.max),
          isMet: (value) => value <= GOAL_LATENESS_MS,
        }),
      ]),
      figures: [...storms].flatMap(([tokens, rounds]) => {
        const of = (quantity: string, at: string, value: (round: StormRound) => number) =>
          figure({
            subject: 'candlegate',
            quantity,
            unit: 'ms',
            at: `${at}, ${tokens}`,
            rounds: rounds.map(value),
          });
        return [
          of('from connect to the end of the replay', 'p99', ({ recoveries }) => recoveries.p99),
          of(
            'from connect to the end of the replay',
            'longest',
            ({ recoveries }) => recoveries.max,
          ),
          of('lateness at clients that stayed', 'p99 before', ({ calm }) => calm.p99),
          of('lateness at clients that stayed', 'p99 during', ({ during }) => during.p99),
          of('lateness at clients that stayed', 'latest during', ({ during }) => during.max),
        ];
      }),
      remarks: [
        `Of ${sum((round) => round.clients)} reconnects ${sum((round) => round.losses.unheard)} ended right after their 101, and ${sum((round) => round.refused)} were refused; ${sum((round) => round.recovered)} were recovered. The gateway closes a candle of each channel every second or more rarely (a simulator at sixty times the pace).`,
      ],
    };
  },
};
