import { measureManyChannels, type ChannelsRound } from '../connections/many-channels.ts';
import { freeProcess } from '../lib/cores.ts';
import { figure, verdict } from '../lib/results.ts';
import type { Scenario } from '../lib/scenario.ts';

/** The default of `CANDLEGATE_REST_REQUESTS_PER_SECOND`. */
const REST_BUDGET = 50;

/** What channels cost by themselves: history over REST, memory, and messages that nobody waits for. */
export const channelsScenario: Scenario = {
  name: 'channels',
  title: 'Channels without clients',
  async run(bench) {
    freeProcess(process.pid);
    const rounds = await measureManyChannels({
      counts: bench.isQuick ? [9, 30] : [9, 90],
      progress: (line) => bench.progress(line),
    });
    const [first] = rounds;
    const last = rounds.at(-1);
    if (first === undefined || last === undefined) throw new Error('nothing was measured');
    const slope = (of: (round: ChannelsRound) => number, per: (round: ChannelsRound) => number) =>
      (of(last) - of(first)) / (per(last) - per(first));
    const load = (us: (round: ChannelsRound) => number) => (round: ChannelsRound) =>
      us(round) * round.messagesPerSecond;
    const perMessage = (subject: string, us: (round: ChannelsRound) => number) =>
      figure({
        subject,
        quantity: 'CPU of a further message',
        unit: 'µs',
        at: `${first.channels} to ${last.channels} channels`,
        rounds: [slope(load(us), ({ messagesPerSecond }) => messagesPerSecond)],
      });
    return {
      verdicts: [
        verdict({
          what: `${last.channels} channels: REST calls in the busiest second of seeding`,
          goal: `≤ ${REST_BUDGET} (the budget)`,
          unit: 'calls',
          rounds: [last.restPeakPerSecond],
          // Two seconds of the budget may fall into one of the clock that looks at it.
          isMet: (value) => value <= 2 * REST_BUDGET,
        }),
        verdict({
          what: `${last.channels} channels: REST calls until all histories are there`,
          goal: '≤ 1.1 a channel',
          unit: 'calls a channel',
          rounds: [last.restCalls / last.channels],
          isMet: (value) => value <= 1.1,
        }),
      ],
      figures: [
        ...rounds.flatMap((round) => {
          const of = (subject: string, quantity: string, unit: string, value: number) =>
            figure({ subject, quantity, unit, at: `${round.channels} channels`, rounds: [value] });
          return [
            of('ingest', 'from the start to all histories', 's', round.seedSeconds),
            of('gateway', 'resident memory', 'MB', round.gatewayBytes / 1e6),
            of('ingest', 'resident memory', 'MB', round.ingestBytes / 1e6),
            of('Redis', 'resident memory', 'MB', round.redisBytes / 1e6),
          ];
        }),
        figure({
          subject: 'gateway',
          quantity: 'memory of a held candle',
          unit: 'B',
          at: `${first.channels} to ${last.channels} channels`,
          rounds: [
            slope(
              ({ gatewayBytes }) => gatewayBytes,
              ({ heldCandles }) => heldCandles,
            ),
          ],
        }),
        perMessage('gateway', ({ gatewayUs }) => gatewayUs),
        perMessage('ingest', ({ ingestUs }) => ingestUs),
        perMessage('Redis', ({ redisUs }) => redisUs),
        figure({
          subject: 'Redis',
          quantity: 'CPU of a delivery to one more gateway',
          unit: 'µs',
          at: `${last.channels} channels`,
          rounds: [last.redisDeliveryUs],
        }),
      ],
      remarks: [
        'A simulator on the same machine answers REST here, at some 20 histories a second at most: that, and not the budget, bounds the time to seed. With 900 channels it also streams them, and had given 771 histories after three minutes and not all after six: so they are not in this row.',
      ],
    };
  },
};
