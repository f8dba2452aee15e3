import { gather, measure, warmUp, type Audience } from '../lib/audience.ts';
import type { Encoding } from '../lib/candlegate.ts';
import { defaultChannels } from '../lib/defaults.ts';
import { verdict } from '../lib/results.ts';
import { rotated } from '../lib/rounds.ts';
import type { Scenario } from '../lib/scenario.ts';
import { ratios } from '../lib/statistics.ts';
import { Table } from '../lib/table.ts';

const CONNECTIONS = 1_000;
const RATE = 50;
/** Deflating for each client takes a whole CPU soon. */
const WARM_UP_RATE = 500;
const ENCODINGS: readonly Encoding[] = ['JSON', 'protobuf', 'deflate'];
const GOAL_UPDATE_BYTES = 50;
const GOAL_UPDATE_SHARE = 0.12;
const GOAL_ADDED = 1.05;
const GOAL_LESS_THAN_DEFLATE = 1.7;

/** What each of the gateway's encodings costs: CPU, and bytes on the wire. */
export const encodingsScenario: Scenario = {
  name: 'encodings',
  title: 'Encodings',
  async run(bench) {
    const audiences: Audience[] = [];
    for (const [place, encoding] of ENCODINGS.entries()) {
      const channels = defaultChannels(place);
      await bench.publisher.ask('prepare', { channels, history: 1_000 });
      const subject = await bench.startCandlegate(encoding, channels);
      audiences.push(
        await gather(bench, subject, [{ count: CONNECTIONS, subscribed: channels.slice(0, 1) }]),
      );
    }
    const window = (audience: Audience, measureMs: number) => ({
      channels: audience.subject.channels.slice(0, 1),
      updatesPerSecond: RATE,
      measureMs: bench.isQuick ? 1_000 : measureMs,
    });
    for (const audience of audiences) {
      await warmUp(
        bench,
        audience,
        { channels: audience.subject.channels.slice(0, 1) },
        WARM_UP_RATE,
      );
    }

    const cpu = new Table();
    const bytes = new Table();
    for (let round = 0; round < bench.rounds; round += 1) {
      for (const audience of rotated(audiences, round)) {
        const { name } = audience.subject;
        const result = await measure(bench, audience, window(audience, 5_000));
        cpu.add(name, result.cpuPerDelivery);
        bytes.add(name, result.bytesPerDelivery);
        bench.progress(
          `round ${round + 1}/${bench.rounds}, ${name}: ${result.cpuPerDelivery.toFixed(2)} µs and ` +
            `${result.bytesPerDelivery.toFixed(1)} B a delivery`,
        );
      }
    }

    const [json = '', protobuf = '', deflated = ''] = audiences.map(({ subject }) => subject.name);
    const measuredAt = `${CONNECTIONS} subscribers, ${RATE} updates/s`;
    return {
      verdicts: [
        verdict({
          what: 'bytes of an update in protobuf, WebSocket header included',
          goal: `≤ ${GOAL_UPDATE_BYTES} B and ≤ ${100 * GOAL_UPDATE_SHARE} % of the JSON`,
          unit: 'B',
          rounds: bytes.rounds(protobuf),
          isMet: (value) =>
            value <= GOAL_UPDATE_BYTES && value <= GOAL_UPDATE_SHARE * bytes.median(json),
        }),
        verdict({
          what: `CPU per delivery in protobuf, ${measuredAt}`,
          goal: `≤ ${GOAL_ADDED} of JSON's`,
          unit: '× JSON',
          rounds: ratios(cpu.rounds(protobuf), cpu.rounds(json)),
          isMet: (value) => value <= GOAL_ADDED,
        }),
        verdict({
          what: `CPU per delivery of permessage-deflate, ${measuredAt}`,
          goal: `≥ ${GOAL_LESS_THAN_DEFLATE} of protobuf's`,
          unit: '× protobuf',
          rounds: ratios(cpu.rounds(deflated), cpu.rounds(protobuf)),
          isMet: (value) => value >= GOAL_LESS_THAN_DEFLATE,
        }),
      ],
      figures: [
        ...cpu.figures({ quantity: 'CPU per delivery', unit: 'µs', at: `${RATE} updates/s` }),
        ...bytes.figures({ quantity: 'bytes per delivery', unit: 'B', at: 'an update' }),
      ],
      remarks: [],
    };
  },
};
