import { Registry } from 'prom-client';
import { channelOf } from '../../src/candle/channel.ts';
import { ExchangeClock } from '../../src/candle/exchange-clock.ts';
import type { BusCandleMessage } from '../../src/candle/messages.ts';
import { createJsonCodec, JSON_PROTOCOL } from '../../src/gateway/codec/json.ts';
import { FanOut } from '../../src/gateway/hub/fan-out.ts';
import { BusMetrics } from '../../src/metrics/bus-metrics.ts';
import { EdgeMetrics } from '../../src/metrics/edge-metrics.ts';
import { createExposition } from '../../src/metrics/exposition.ts';
import { HopLedger } from '../../src/metrics/hop-ledger.ts';
import { HubMetrics } from '../../src/metrics/hub-metrics.ts';
import { collectProcessMetrics } from '../../src/metrics/process-metrics.ts';
import { SentMetrics } from '../../src/metrics/sent-metrics.ts';
import { createWallClock } from '../../src/time/clock.ts';
import { LoopStalls } from '../../src/time/loop-stalls.ts';
import { MemoryChannel } from '../gateway/session/support/memory-channel.ts';
import { World } from '../gateway/session/support/world.ts';

const CONNECTIONS = 10_000;
const SCRAPES = 50;
const MESSAGES = 20_000;
const OPEN_METRICS = 'application/openmetrics-text;version=1.0.0';

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** Ten thousand sessions on nine channels, with every metric of a gateway. */
function populated(): { readonly world: World; readonly registry: Registry } {
  const names = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'].flatMap((symbol) =>
    (['1', '5', '15'] as const).map((interval) => channelOf(symbol, interval).name),
  );
  const channels = names.map((name) => new MemoryChannel(name));
  for (const channel of channels) channel.seed(10);
  const world = new World(channels);
  const { registry } = world;
  new HopLedger(registry);
  new BusMetrics(registry);
  new EdgeMetrics(registry);
  const sent = new SentMetrics(new Registry());
  new HubMetrics(registry, sent).watchChannels(() =>
    names.map((channel) => ({ channel, newestAgeMs: 1, subscribers: 1, heldCandles: 1_000 })),
  );
  collectProcessMetrics(registry, 'bench');
  for (let index = 0; index < CONNECTIONS; index += 1) {
    const client = world.connect();
    client.send({ type: 'subscribe', channels: [names[index % names.length]] });
  }
  return { world, registry };
}

/** Ms of each scrape, by the wall and of CPU: the wall also counts what else the machine does. */
async function scrape(
  registry: Registry,
  accept: string | undefined,
): Promise<{ readonly wall: number[]; readonly cpu: number }> {
  const expose = createExposition(registry);
  const wall: number[] = [];
  await expose(accept);
  const before = process.cpuUsage();
  for (let index = 0; index < SCRAPES; index += 1) {
    const began = performance.now();
    await expose(accept);
    wall.push(performance.now() - began);
  }
  const { user, system } = process.cpuUsage(before);
  return { wall, cpu: (user + system) / 1000 / SCRAPES };
}

/** CPU of one message in the fan-out, without what the WebSocket server does. @returns µs */
function fanOutMicroseconds(subscribers: number, traceparent?: string): number {
  const registry = new Registry();
  const clock = createWallClock();
  const channel = channelOf('BTCUSDT', '1');
  const deps = {
    broadcaster: { publish: () => undefined, subscribers: () => subscribers },
    codecs: [createJsonCodec()],
    clock,
    hops: new HopLedger(registry),
    metrics: new HubMetrics(registry, new SentMetrics(registry, [JSON_PROTOCOL])),
    stalls: new LoopStalls(() => performance.nodeTiming.idleTime),
    traces: { passed: () => undefined },
    onHandedOver: () => undefined,
  };
  const fanOut = new FanOut(channel, { epoch: 'k3x9', epochChanges: 1 }, deps, new ExchangeClock());
  const message = (offset: number, now: number): BusCandleMessage => ({
    type: 'candle',
    channel: channel.name,
    symbol: 'BTCUSDT',
    interval: '1',
    epoch: 'k3x9',
    offset,
    source: 'simulator',
    candle: {
      start: 1_745_000_100_000,
      end: 1_745_000_159_999,
      open: '84512.3',
      high: '84590.1',
      low: '84480',
      close: '84555.7',
      volume: '123.456',
      turnover: '10437812.1234',
      confirm: false,
    },
    times: { exchange: now - 3, ingest: now - 2, published: now - 1 },
    ...(traceparent === undefined ? {} : { traceparent }),
  });
  const round = (): number => {
    const before = process.cpuUsage();
    for (let offset = 1; offset <= MESSAGES; offset += 1) {
      const now = clock.now();
      fanOut.candle(message(offset, now), now, 'live');
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / MESSAGES;
  };
  round();
  return median([round(), round(), round(), round(), round()]);
}

const { registry } = populated();
for (const [name, accept] of [
  ['plain text', undefined],
  ['OpenMetrics', OPEN_METRICS],
] as const) {
  const { wall, cpu } = await scrape(registry, accept);
  const text = (await createExposition(registry)(accept)).body;
  console.log(
    `scrape as ${name} with ${CONNECTIONS} connections: ${cpu.toFixed(2)} ms of CPU, ` +
      `${median(wall).toFixed(2)} ms in all (median of ${SCRAPES}), ${text.split('\n').length} lines`,
  );
}
for (const subscribers of [1, 1_000, 10_000]) {
  console.log(
    `fan-out of one message to ${subscribers}: ${fanOutMicroseconds(subscribers).toFixed(2)} µs of CPU`,
  );
}
process.exit(0);
