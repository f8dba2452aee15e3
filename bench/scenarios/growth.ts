import type { Channel } from '../../src/candle/channel.ts';
import { channelOf } from '../../src/candle/channel.ts';
import { gather, measure, warmUp, type Audience, type AudiencePart } from '../lib/audience.ts';
import { defaultChannels } from '../lib/defaults.ts';
import { verdict } from '../lib/results.ts';
import { rotated } from '../lib/rounds.ts';
import type { Bench, Scenario, ScenarioResult } from '../lib/scenario.ts';
import { ratios } from '../lib/statistics.ts';
import type { Subject } from '../lib/subject.ts';
import { Table } from '../lib/table.ts';

/** How much of what it is on small scale the ratio to bare may lose on large scale, and still be called flat. */
const FLAT_SHARE = 0.95;

/** One size at which both subjects are measured. */
interface Size {
  readonly label: string;
  /** @param place of the subject: each has channels of its own */
  channels(place: number): readonly Channel[];
  /** How clients are spread over these channels. */
  parts(channels: readonly Channel[]): readonly AudiencePart[];
  /** Over all channels. */
  readonly updatesPerSecond: number;
  /** How many clients each update goes to. */
  readonly receivers: number;
  /** What a subject can just take, updates a second over all channels. */
  readonly warmUpRate: number;
  readonly history: number;
}

/** Measures both subjects at every size; each size has processes of its own, one size after the other. */
async function measureSizes(bench: Bench, sizes: readonly Size[]): Promise<ScenarioResult> {
  const cpu = new Table();
  const subjects = { bare: '', candlegate: '' };
  for (const size of sizes) {
    const { label, updatesPerSecond, receivers } = size;
    const [own, other] = [size.channels(0), size.channels(1)];
    const channels = [...own, ...other];
    await bench.publisher.ask('prepare', { channels, history: size.history });
    const bare = await bench.startPlain('bare', other);
    const candlegate = await bench.startCandlegate('JSON', own);
    subjects.bare = bare.name;
    subjects.candlegate = candlegate.name;
    const audiences: Audience[] = [];
    for (const subject of [bare, candlegate]) {
      audiences.push(await gather(bench, subject, size.parts(subject.channels)));
    }
    const windowOf = ({ subject }: Audience) => ({
      channels: subject.channels,
      updatesPerSecond,
      receivers,
      measureMs: bench.isQuick ? 1_000 : 4_000,
    });
    for (const audience of audiences) {
      await warmUp(bench, audience, windowOf(audience), size.warmUpRate);
    }
    for (let round = 0; round < bench.rounds; round += 1) {
      for (const audience of rotated(audiences, round)) {
        const result = await measure(bench, audience, windowOf(audience));
        cpu.add(audience.subject.name, result.cpuPerDelivery, label);
        bench.progress(
          `${label}, round ${round + 1}/${bench.rounds}, ${audience.subject.name}: ` +
            `${result.cpuPerDelivery.toFixed(2)} µs a delivery, ` +
            `${(100 * result.cpuShare).toFixed(0)} % of a CPU, ` +
            `${(100 * result.deliveredShare).toFixed(1)} % delivered`,
        );
      }
    }
    for (const audience of audiences) await leave(audience);
  }
  const relative = ({ label }: Size) =>
    ratios(cpu.rounds(subjects.bare, label), cpu.rounds(subjects.candlegate, label));
  const [small, ...larger] = sizes;
  return {
    verdicts: larger.map((size) =>
      verdict({
        what: `CPU per delivery relative to bare, ${size.label} against ${small?.label ?? ''}`,
        goal: `flat: ≥ ${FLAT_SHARE}`,
        unit: '×',
        rounds: small === undefined ? [] : ratios(relative(size), relative(small)),
        isMet: (value) => value >= FLAT_SHARE,
      }),
    ),
    figures: cpu.figures({ quantity: 'CPU per delivery', unit: 'µs' }),
    remarks: [],
  };
}

async function leave({
  load,
  subject,
}: {
  load: Audience['load'];
  subject: Subject;
}): Promise<void> {
  await load.stop();
  await subject.stop();
}

/** Whether a client costs more when there are more of them. */
export const growthConnectionsScenario: Scenario = {
  name: 'growth-connections',
  title: 'Growth: connections',
  run(bench) {
    const counts = bench.isQuick ? [500, 2_000] : [1_000, 5_000, 15_000];
    const sizes = counts.map((count) => ({
      label: `${count.toLocaleString('en-US')} connections`,
      channels: (place: number) => defaultChannels(place).slice(0, 1),
      parts: (subscribed: readonly Channel[]) => [{ count, subscribed }],
      // The same number of deliveries, within what one CPU can do at one message a turn.
      updatesPerSecond: Math.max(5, Math.round(75_000 / count)),
      receivers: count,
      warmUpRate: Math.round(1_500_000 / count),
      history: 1_000,
    }));
    return measureSizes(bench, sizes);
  },
};

const INTERVALS = ['1', '5', '15'] as const;
const PER_CHANNEL = 100;
const MANY_SYMBOLS = 300;
/** Default limit on the subscriptions of one connection. */
const PER_CONNECTION = 100;

/**
 * Whether a channel costs more when there are more of them. Each update goes to a hundred clients at both
 * sizes: with nine channels a client subscribes to one, with 900 to a hundred.
 */
export const growthChannelsScenario: Scenario = {
  name: 'growth-channels',
  title: 'Growth: channels',
  run(bench) {
    const many = (place: number): readonly Channel[] =>
      Array.from({ length: MANY_SYMBOLS }, (_, index) => `M${place}${10_000 + index}USDT`).flatMap(
        (symbol) => INTERVALS.map((interval) => channelOf(symbol, interval)),
      );
    return measureSizes(bench, [
      sizeOf(9, (place) => defaultChannels(place), 1),
      sizeOf(INTERVALS.length * MANY_SYMBOLS, many, PER_CONNECTION),
    ]);
  },
};

/** A hundred clients for each channel, with so many channels to each client. */
function sizeOf(count: number, channels: Size['channels'], perConnection: number): Size {
  return {
    label: `${count} channels`,
    channels,
    parts: (all) =>
      Array.from({ length: count / perConnection }, (_, index) => ({
        count: PER_CHANNEL,
        subscribed: all.slice(index * perConnection, (index + 1) * perConnection),
      })),
    updatesPerSecond: 200,
    receivers: PER_CHANNEL,
    warmUpRate: 1_500,
    history: 200,
  };
}
