import { gather, measure, warmUp, type Audience } from '../lib/audience.ts';
import { defaultChannels } from '../lib/defaults.ts';
import { verdict } from '../lib/results.ts';
import { rotated } from '../lib/rounds.ts';
import type { Scenario } from '../lib/scenario.ts';
import { ratios } from '../lib/statistics.ts';
import type { Subject } from '../lib/subject.ts';
import { Table } from '../lib/table.ts';

const CONNECTIONS = 1_000;
const RATES = [20, 50, 100, 500] as const;
const GOAL_SHARE = 0.95;

/** CPU per delivery of a candlegate with everything on, against bare uWebSockets.js. */
export const cpuScenario: Scenario = {
  name: 'cpu',
  title: 'CPU per delivery',
  async run(bench) {
    const [own, other] = [defaultChannels(0), defaultChannels(1)];
    await bench.publisher.ask('prepare', { channels: [...own, ...other], history: 1_000 });
    const candlegate = await bench.startCandlegate('JSON', own);
    const bare = await bench.startPlain('bare', other);
    const audiences: Audience[] = [];
    for (const subject of [bare, candlegate]) {
      const subscribed = oneOf(subject);
      audiences.push(await gather(bench, subject, [{ count: CONNECTIONS, subscribed }]));
    }
    for (const audience of audiences) {
      await warmUp(bench, audience, { channels: oneOf(audience.subject) });
    }

    const cpu = new Table();
    const at = (rate: number) => `${rate} updates/s`;
    for (let round = 0; round < bench.rounds; round += 1) {
      for (const rate of RATES) {
        for (const audience of rotated(audiences, round)) {
          const result = await measure(bench, audience, {
            channels: oneOf(audience.subject),
            updatesPerSecond: rate,
            measureMs: bench.isQuick ? 1_000 : Math.max(3_000, Math.min(6_000, 120_000 / rate)),
          });
          cpu.add(audience.subject.name, result.cpuPerDelivery, at(rate));
          bench.progress(
            `round ${round + 1}/${bench.rounds}, ${rate}/s, ${audience.subject.name}: ` +
              `${result.cpuPerDelivery.toFixed(2)} µs a delivery, ` +
              `${(100 * result.cpuShare).toFixed(0)} % of a CPU, ` +
              `clients ${(100 * result.clientCpuShare).toFixed(0)} %, ` +
              `${(100 * result.deliveredShare).toFixed(1)} % delivered, ` +
              `${result.bytesPerDelivery.toFixed(0)} B, ` +
              `${result.updatesPerBatch.toFixed(2)} updates a batch`,
          );
        }
      }
    }

    return {
      verdicts: RATES.map((rate) =>
        verdict({
          what: `CPU per delivery, ${CONNECTIONS} subscribers, ${rate} updates/s`,
          goal: `≥ ${GOAL_SHARE} of bare`,
          unit: '× bare',
          rounds: ratios(cpu.rounds(bare.name, at(rate)), cpu.rounds(candlegate.name, at(rate))),
          isMet: (value) => value >= GOAL_SHARE,
        }),
      ),
      figures: cpu.figures({ quantity: 'CPU per delivery', unit: 'µs' }),
      remarks: [],
    };
  },
};

function oneOf({ channels }: Subject): Subject['channels'] {
  return channels.slice(0, 1);
}
