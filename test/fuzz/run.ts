import { setTimeout as delay } from 'node:timers/promises';
import { createSimulator } from '../../src/simulator/simulator.ts';
import { createWallClock } from '../../src/time/clock.ts';
import { Dice } from '../faults/dice.ts';
import { ReferenceClient } from '../faults/reference-client.ts';
import { checkLogs, type Verdict } from '../support/checker.ts';
import { eventually } from '../support/eventually.ts';
import { listening, startRole, type RoleProcess } from '../support/role-process.ts';
import { testToken } from '../support/tokens.ts';
import { flood, type FloodReport } from './flood.ts';
import { startSpoilingRelay } from './spoiling-relay.ts';

export interface FuzzOptions {
  readonly seed: number;
  /** Frames from clients. */
  readonly clientFrames: number;
  /** Frames from the exchange. */
  readonly exchangeFrames: number;
}

export interface FuzzReport {
  readonly flood: FloodReport;
  readonly exchangeFrames: number;
  readonly badFrames: number;
  /** The well-behaved client's. */
  readonly verdict: Verdict;
  readonly violations: readonly string[];
  /** Connections that the well-behaved client lost. */
  readonly reconnects: number;
  /** Memory of the process after a tenth of the frames, and once it has settled after the last. */
  readonly memoryBefore: MemorySample;
  readonly memoryAfter: MemorySample;
  /** Through the whole run. */
  readonly memory: readonly MemorySample[];
  /** Faults caught in handlers; each would be a bug. */
  readonly handlerFailures: number;
  readonly logLines: number;
  /** Lines of level error or worse. */
  readonly errorLines: readonly string[];
  readonly exitCode: number | NodeJS.Signals | null;
  readonly seconds: number;
}

/** In bytes. What is resident says little by itself: V8 keeps much of what it has collected. */
export interface MemorySample {
  readonly resident: number;
  /** In use by JavaScript, or not collected yet. */
  readonly heap: number;
  /** Resident and not V8's heap: buffers, the native server, what malloc keeps. */
  readonly native: number;
}

/** One-minute candles close once a second. */
const SPEED = 60;
const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'];
const CHANNELS = ['candles:BTCUSDT:1', 'candles:ETHUSDT:1'];
const LIES_ABOUT = 'SOLUSDT';
const MINUTE_MS = 60_000;
/** Limits are counted, and turn nobody away: what is refused is not looked at. */
const BEYOND_REACH = {
  CANDLEGATE_MAX_CONNECTIONS_PER_IP: '10000000',
  CANDLEGATE_MAX_CONNECTIONS_PER_SUBJECT: '10000000',
  CANDLEGATE_ATTEMPTS_PER_MINUTE: '10000000',
  CANDLEGATE_FAILURES_PER_MINUTE: '10000000',
  CANDLEGATE_MESSAGES_PER_SECOND: '10000000',
};
/** The client's first snapshot reaches back less far. */
const HISTORY_MS = 100 * MINUTE_MS;
const CONNECTIONS_AT_ONCE = 12;
const TAIL_LINES = 20;
/** Of heap and native memory, each; a leak of 300 bytes a frame over 180,000 frames is more. */
export const MAX_GROWTH_BYTES = 48 * 1_048_576;
const SETTLE_MS = 60_000;
const SETTLE_POLL_MS = 500;
const SAMPLE_MS = 10_000;
/** With the buffers in between full of rubbish. */
const CATCH_UP_MS = 60_000;

/**
 * A real process with ingest and gateway, rubbish from both sides, and one well-behaved client beside
 * it, whose candles are compared with those of the exchange.
 */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { seed } = options;
  const startedAt = performance.now();
  const simulator = createSimulator({
    clock: createWallClock(),
    seed,
    speed: SPEED,
    symbols: SYMBOLS,
    updateMs: 250,
  });
  await simulator.listen();
  const began = simulator.now();
  const relay = await startSpoilingRelay(simulator.wsUrl, LIES_ABOUT, seed);
  const role = startRole(['standalone'], {
    CANDLEGATE_FEED: 'bybit',
    CANDLEGATE_BYBIT_WS_URL: relay.url,
    CANDLEGATE_BYBIT_REST_URL: simulator.restUrl,
    CANDLEGATE_SYMBOLS: SYMBOLS.join(','),
    CANDLEGATE_INTERVALS: '1,5',
    CANDLEGATE_HISTORY: '200',
    CANDLEGATE_LOG_FORMAT: 'json',
    ...BEYOND_REACH,
  });
  const token = await testToken();
  const at = await listening(role);
  const client = new ReferenceClient({
    name: 'well-behaved',
    token,
    channels: CHANNELS,
    gateway: () => at.ws,
    random: new Dice(seed, 13).random,
  });
  try {
    client.start();
    await eventually(() => {
      if (CHANNELS.some((channel) => client.lastClosed(channel) === null))
        throw new Error('no candle yet');
    }, CATCH_UP_MS);
    const part = (share: number, index: number) =>
      whileRunning(
        role,
        Promise.all([
          flood({
            port: Number(new URL(at.http).port),
            token,
            seed: seed * 2 + index,
            frames: Math.ceil(options.clientFrames * share),
            connectionsAtOnce: CONNECTIONS_AT_ONCE,
          }),
          relay.spoil(Math.ceil(options.exchangeFrames * share)),
        ]),
      );
    const memory: MemorySample[] = [];
    const sampling = sampleMemory(at.admin, memory);
    const [warmUp] = await part(0.1, 0);
    const memoryBefore = await memoryOf(at.admin);
    const [main] = await part(0.9, 1);

    const until = Math.floor(simulator.now() / MINUTE_MS) * MINUTE_MS - MINUTE_MS;
    await eventually(() => {
      for (const channel of CHANNELS) {
        if ((client.lastClosed(channel) ?? 0) < until)
          throw new Error(`${channel} is behind ${until}:\n${tail(role)}`);
      }
    }, CATCH_UP_MS);
    client.leave('close');
    const truth = new Map(
      CHANNELS.map((channel) => {
        const symbol = channel.split(':')[1] ?? '';
        const closed = simulator.closedCandles(
          symbol,
          '1',
          began - HISTORY_MS,
          client.lastClosed(channel) ?? 0,
        );
        return [channel, { closed, open: undefined }];
      }),
    );
    const verdict = checkLogs(client.logs(), truth);
    const handlerFailures = await metric(at.admin, 'candlegate_gateway_handler_failures_total');
    const badFrames = await metric(at.admin, 'candlegate_ingest_bad_frames_total');
    const memoryAfter = await settledMemory(at.admin, memoryBefore);
    await sampling.stop();
    const exitCode = await role.stop();
    return {
      flood: merged(warmUp, main),
      exchangeFrames: relay.sent,
      badFrames,
      verdict,
      violations: [...client.violations, ...warmUp.violations, ...main.violations],
      reconnects: [...client.ends.values()].reduce((sum, count) => sum + count, 0),
      memoryBefore,
      memoryAfter,
      memory,
      handlerFailures,
      logLines: role.log.length,
      errorLines: role.log
        .filter(({ level }) => level === 'error' || level === 'fatal')
        .map((line) => JSON.stringify(line)),
      exitCode,
      seconds: (performance.now() - startedAt) / 1000,
    };
  } finally {
    client.leave('terminate');
    await role.stop();
    relay.close();
    await simulator.close();
  }
}

/** What a process said last. */
function tail({ log, text }: RoleProcess): string {
  const lines = log.slice(-TAIL_LINES).map((line) => JSON.stringify(line));
  return [...lines, ...text.slice(-TAIL_LINES)].join('\n');
}

/** @throws Error with what the process said last, if it ends */
async function whileRunning<T>(role: RoleProcess, work: Promise<T>): Promise<T> {
  const ended = role.ended.then((how) => {
    throw new Error(`the process ended with ${how}:\n${tail(role)}`);
  });
  return Promise.race([work, ended]);
}

/** Garbage is collected late: what is still held after a while counts. */
async function settledMemory(admin: string, before: MemorySample): Promise<MemorySample> {
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const sample = await memoryOf(admin);
    if (growthOf(before, sample) <= MAX_GROWTH_BYTES || performance.now() > deadline) return sample;
    await delay(SETTLE_POLL_MS);
  }
}

/** Of whichever has grown more. */
export function growthOf(before: MemorySample, after: MemorySample): number {
  return Math.max(after.heap - before.heap, after.native - before.native);
}

async function memoryOf(admin: string): Promise<MemorySample> {
  const [resident, heap, heapTotal] = await Promise.all([
    metric(admin, 'process_resident_memory_bytes'),
    metric(admin, 'nodejs_heap_size_used_bytes'),
    metric(admin, 'nodejs_heap_size_total_bytes'),
  ]);
  return { resident, heap, native: resident - heapTotal };
}

/** Samples every ten seconds until told to stop. */
function sampleMemory(admin: string, samples: MemorySample[]): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const running = (async () => {
    while (!signal.aborted) {
      samples.push(await memoryOf(admin));
      await delay(SAMPLE_MS, undefined, { signal }).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** The sum of a metric over its labels. */
async function metric(admin: string, name: string): Promise<number> {
  const text = await (await fetch(`${admin}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(name) && /[ {]/.test(line.charAt(name.length)))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

function merged(a: FloodReport, b: FloodReport): FloodReport {
  const kinds = new Map(a.kinds);
  for (const [kind, count] of b.kinds) kinds.set(kind, (kinds.get(kind) ?? 0) + count);
  return {
    frames: a.frames + b.frames,
    connections: a.connections + b.connections,
    answered: a.answered + b.answered,
    kinds,
    violations: [...a.violations, ...b.violations],
  };
}
