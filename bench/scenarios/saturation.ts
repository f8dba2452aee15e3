import { gather, measure, type Audience, type WindowResult } from '../lib/audience.ts';
import { defaultChannels } from '../lib/defaults.ts';
import { verdict } from '../lib/results.ts';
import { rotated } from '../lib/rounds.ts';
import type { Bench, Scenario } from '../lib/scenario.ts';
import { quantile, ratios } from '../lib/statistics.ts';
import { Table } from '../lib/table.ts';

const CONNECTIONS = 1_000;
/** Where the search begins, updates a second. */
const START_RATES: Readonly<Record<string, number>> = {
  'bare uWebSockets.js': 800,
  'candlegate, JSON': 800,
  ws: 100,
  'socket.io': 60,
};
const COARSE_STEP = 1.5;
const FINE_STEP = 1.08;
/** A subject keeps up while it delivers nearly all of it, and nearly everybody gets it soon. */
const KEEPS_UP_SHARE = 0.97;
const KEEPS_UP_P99_MS = 250;
const GOAL_OF_BARE = 0.95;
const GOAL_OF_WS = 4;
const GOAL_P99_FACTOR = 2;
const GOAL_P99_MS = 1;

/** How much a subject can deliver before it falls behind, and how late it is at half of that. */
export const saturationScenario: Scenario = {
  name: 'saturation',
  title: 'Deliveries a second before falling behind, and latency at half of that',
  async run(bench) {
    const channels = [0, 1, 2, 3].map((place) => defaultChannels(place));
    const [own = [], ofBare = [], ofWs = [], ofSocketIo = []] = channels;
    await bench.publisher.ask('prepare', { channels: channels.flat(), history: 1_000 });
    const bare = await bench.startPlain('bare', ofBare);
    const candlegate = await bench.startCandlegate('JSON', own);
    const ws = await bench.startPlain('ws', ofWs);
    const socketIo = await bench.startPlain('socket.io', ofSocketIo);
    const audiences: Audience[] = [];
    for (const subject of [bare, candlegate, ws, socketIo]) {
      const parts = [{ count: CONNECTIONS, subscribed: subject.channels }];
      audiences.push(await gather(bench, subject, parts));
    }

    // The first search is rough and also warms up; the rounds then begin shortly below what it found.
    const rough = new Map<string, number>();
    for (const audience of audiences) {
      const from = START_RATES[audience.subject.name] ?? 100;
      rough.set(audience.subject.name, await highestRate(bench, audience, from, COARSE_STEP));
    }
    const halfOfBare = Math.round((rough.get(bare.name) ?? 0) / 2);

    const deliveries = new Table();
    const latency = new Table();
    for (let round = 0; round < bench.rounds; round += 1) {
      for (const audience of rotated(audiences, round)) {
        const { name } = audience.subject;
        const from = (rough.get(name) ?? 100) / FINE_STEP ** 2;
        const rate = await highestRate(bench, audience, from, FINE_STEP);
        deliveries.add(name, rate * CONNECTIONS);
        if (rate > 0) rough.set(name, rate);
        bench.progress(
          `round ${round + 1}/${bench.rounds}, ${name}: ${thousands(rate * CONNECTIONS)} deliveries/s`,
        );
      }
      for (const audience of rotated(audiences.slice(0, 2), round)) {
        const result = await offer(bench, audience, halfOfBare);
        const p99 = quantile(result.count.latencies, 0.99);
        latency.add(audience.subject.name, p99);
        bench.progress(
          `round ${round + 1}/${bench.rounds}, ${audience.subject.name}: ` +
            `p99 ${p99.toFixed(2)} ms at ${halfOfBare} updates/s`,
        );
      }
    }

    const subscribers = `${CONNECTIONS} subscribers of 9 channels`;
    return {
      verdicts: [
        verdict({
          what: `deliveries/s before falling behind, ${subscribers}, against bare`,
          goal: `≥ ${GOAL_OF_BARE} of bare`,
          unit: '× bare',
          rounds: ratios(deliveries.rounds(candlegate.name), deliveries.rounds(bare.name)),
          isMet: (value) => value >= GOAL_OF_BARE,
        }),
        verdict({
          what: `deliveries/s before falling behind, ${subscribers}, against ws`,
          goal: `≥ ${GOAL_OF_WS} × ws`,
          unit: '× ws',
          rounds: ratios(deliveries.rounds(candlegate.name), deliveries.rounds(ws.name)),
          isMet: (value) => value >= GOAL_OF_WS,
        }),
        verdict({
          what: `Redis → socket p99 at half of bare's rate (${halfOfBare} updates/s), beyond bare's`,
          goal: `≤ ${GOAL_P99_FACTOR} × bare, or within ${GOAL_P99_MS} ms`,
          unit: 'ms',
          rounds: latency
            .rounds(candlegate.name)
            .map((p99, round) => p99 - (latency.rounds(bare.name)[round] ?? NaN)),
          isMet: (value) =>
            value <= Math.max(GOAL_P99_MS, (GOAL_P99_FACTOR - 1) * latency.median(bare.name)),
        }),
      ],
      figures: [
        ...deliveries.figures({ quantity: 'deliveries before falling behind', unit: '/s' }),
        ...latency.figures({
          quantity: 'Redis → socket, p99',
          unit: 'ms',
          at: `${halfOfBare} updates/s`,
        }),
      ],
      remarks: [],
    };
  },
};

function thousands(value: number): string {
  return `${Math.round(value / 1_000).toLocaleString('en-US')},000`;
}

function offer(bench: Bench, audience: Audience, rate: number): Promise<WindowResult> {
  return measure(bench, audience, {
    channels: audience.subject.channels,
    updatesPerSecond: rate,
    measureMs: bench.isQuick ? 1_000 : 2_000,
  });
}

/**
 * Climbs until the subject falls behind; one that cannot even keep up with the first rate descends.
 *
 * @returns updates a second that reached everybody in time
 */
async function highestRate(
  bench: Bench,
  audience: Audience,
  from: number,
  step: number,
): Promise<number> {
  let best: number | null = null;
  for (let rate = Math.round(from); rate >= 5;) {
    const result = await offer(bench, audience, rate);
    const p99 = quantile(result.count.latencies, 0.99);
    const offered = result.publishedPerSecond / rate;
    const keepsUp =
      result.deliveredShare >= KEEPS_UP_SHARE && p99 <= KEEPS_UP_P99_MS && offered > KEEPS_UP_SHARE;
    bench.progress(
      `    ${audience.subject.name} at ${rate}/s: ${keepsUp ? 'keeps up' : 'falls behind'} ` +
        `(${(100 * result.deliveredShare).toFixed(0)} % delivered, ` +
        `${(100 * offered).toFixed(0)} % published, p99 ${p99.toFixed(1)} ms, ` +
        `${(100 * result.cpuShare).toFixed(0)} % of a CPU, ` +
        `clients ${(100 * result.clientCpuShare).toFixed(0)} %)`,
    );
    if (keepsUp) {
      best = result.deliveriesPerSecond / audience.connections;
      rate = Math.round(rate * step);
    } else if (best === null) {
      rate = Math.round(rate / step);
    } else {
      return best;
    }
    if (best !== null && rate < best) return best;
  }
  return best ?? 0;
}
