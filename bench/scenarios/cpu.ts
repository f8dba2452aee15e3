import { gather, measure, type Audience } from '../lib/audience.ts';
import { defaultChannels } from '../lib/defaults.ts';
import { figure, verdict } from '../lib/results.ts';
import { rotated } from '../lib/rounds.ts';
import type { Scenario } from '../lib/scenario.ts';
import { ratios } from '../lib/statistics.ts';

const CONNECTIONS = 1_000;
const RATES = [20, 50, 100, 500] as const;
const WARM_UP_RATE = 400;
const GOAL_SHARE = 0.95;

/** CPU per delivery of a candlegate with everything on, against bare uWebSockets.js. */
export const cpuScenario: Scenario = {
  name: 'cpu',
  title: 'CPU per delivery',
  async run(bench) {
    const channels = defaultChannels();
    const one = channels.slice(0, 1);
    await bench.publisher.ask('prepare', { channels, history: 1_000 });
    const bare = await bench.startPlain('bare', channels);
    const candlegate = await bench.startCandlegate('JSON', channels);
    const audiences: Audience[] = [];
    for (const subject of [bare, candlegate]) {
      audiences.push(await gather(bench, subject, [{ count: CONNECTIONS, subscribed: one }]));
    }
    for (const audience of audiences) {
      const window = { channels: one, settleMs: 0, measureMs: bench.isQuick ? 1_000 : 5_000 };
      await measure(bench, audience, { ...window, updatesPerSecond: WARM_UP_RATE });
    }

    const cpu = new Map<string, number[]>();
    const key = (subject: string, rate: number) => `${subject} ${rate}`;
    for (let round = 0; round < bench.rounds; round += 1) {
      for (const rate of RATES) {
        for (const audience of rotated(audiences, round)) {
          const result = await measure(bench, audience, {
            channels: one,
            updatesPerSecond: rate,
            settleMs: 300,
            measureMs: bench.isQuick ? 1_000 : Math.max(3_000, Math.min(6_000, 120_000 / rate)),
          });
          const name = key(audience.subject.name, rate);
          cpu.set(name, [...(cpu.get(name) ?? []), result.cpuPerDelivery]);
          bench.progress(
            `round ${round + 1}/${bench.rounds}, ${rate}/s, ${audience.subject.name}: ` +
              `${result.cpuPerDelivery.toFixed(2)} µs a delivery, ` +
              `${(100 * result.cpuShare).toFixed(0)} % of a CPU, ` +
              `${(100 * result.deliveredShare).toFixed(1)} % delivered, ` +
              `${result.bytesPerDelivery.toFixed(0)} B`,
          );
        }
      }
    }

    const of = (subject: string, rate: number) => cpu.get(key(subject, rate)) ?? [];
    return {
      verdicts: RATES.map((rate) =>
        verdict({
          what: `CPU per delivery, ${CONNECTIONS} subscribers, ${rate} updates/s`,
          goal: `≥ ${GOAL_SHARE} of bare`,
          unit: '× bare',
          rounds: ratios(of(bare.name, rate), of(candlegate.name, rate)),
          isMet: (value) => value >= GOAL_SHARE,
        }),
      ),
      figures: audiences.flatMap(({ subject }) =>
        RATES.map((rate) =>
          figure({
            subject: subject.name,
            quantity: 'CPU per delivery',
            unit: 'µs',
            at: `${rate} updates/s`,
            rounds: of(subject.name, rate),
          }),
        ),
      ),
      remarks: [],
    };
  },
};
