import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel } from '../../src/candle/channel.ts';
import type { LoadCount } from '../load/plan.ts';
import type { LoadCommands } from '../load/program.ts';
import { cpuMs } from './cpu.ts';
import type { Remote } from './remote.ts';
import type { Bench } from './scenario.ts';
import type { Subject } from './subject.ts';

/** Connections that are opened alike: so many, each subscribed to these channels. */
export interface AudiencePart {
  readonly count: number;
  readonly subscribed: readonly Channel[];
}

/** A subject with its connected clients. */
export interface Audience {
  readonly subject: Subject;
  readonly load: Remote<LoadCommands>;
  readonly connections: number;
}

const HANDSHAKES_AT_ONCE = 100;
/** After the last publication, until its deliveries must have been read. */
const TAIL_MS = 150;
/** What of a backlog may still come before the next measurement begins, in messages of a connection. */
const QUIET_SHARE = 0.02;
const QUIET_WITHIN_MS = 10_000;

/**
 * Connects clients to a subject.
 *
 * @throws Error when not all of them are let in
 */
export async function gather(
  bench: Bench,
  subject: Subject,
  parts: readonly AudiencePart[],
): Promise<Audience> {
  const load = await bench.startLoad();
  const groups = [];
  for (const { count, subscribed } of parts) {
    groups.push(...(await subject.connections(count, subscribed)));
  }
  const connections = groups.reduce((sum, group) => sum + group.count, 0);
  const { port, isEngineIo } = subject;
  const result = await load.ask('connect', {
    port,
    groups,
    isEngineIo,
    atOnce: HANDSHAKES_AT_ONCE,
  });
  if (result.open !== connections) {
    throw new Error(`${subject.name} refused clients: ${JSON.stringify(result.refused)}`);
  }
  return { subject, load, connections };
}

export interface Window {
  readonly channels: readonly Channel[];
  /** Over all channels. */
  readonly updatesPerSecond: number;
  readonly measureMs: number;
  /** Clients that each update goes to. Default: all. */
  readonly receivers?: number;
}

export interface WindowResult {
  /** Of the subject's process, in µs. */
  readonly cpuPerDelivery: number;
  /** What the subject took of one CPU. */
  readonly cpuShare: number;
  /** What the load client took of one CPU: far from all of it, or the clients are what is measured. */
  readonly clientCpuShare: number;
  readonly deliveriesPerSecond: number;
  /** Deliveries as a share of what was published; 1 when nothing lagged or was left out. */
  readonly deliveredShare: number;
  /** Of a frame with its header. */
  readonly bytesPerDelivery: number;
  /** Updates that were published, a second. */
  readonly publishedPerSecond: number;
  /** Updates that came out of Redis in one piece, on average. */
  readonly updatesPerBatch: number;
  readonly count: LoadCount;
}

/**
 * Publishes at one rate for a while and measures what that costs and how much of it arrives: everything
 * that was published, and what of it has been read shortly afterwards.
 */
export async function measure(
  bench: Bench,
  { subject, load, connections }: Audience,
  window: Window,
): Promise<WindowResult> {
  const { channels, updatesPerSecond, measureMs, receivers = connections } = window;
  const { publisher } = bench;
  await publisher.ask('take');
  await load.ask('take');
  const [cpuBefore, clientsBefore] = [cpuMs(subject.pid), cpuMs(load.pid)];
  await publisher.ask('start', { channels, updatesPerSecond });
  const began = performance.now();
  await sleep(measureMs);
  await publisher.ask('stop');
  const tookMs = performance.now() - began;
  await sleep(TAIL_MS);
  const count = await load.ask('take');
  const cpu = cpuMs(subject.pid) - cpuBefore;
  const clientCpu = cpuMs(load.pid) - clientsBefore;
  const published = await publisher.ask('take');
  if (published.failed > 0) throw new Error(`${published.failed} publications failed`);
  await becomeQuiet(load, connections);
  const expected = published.sent * receivers;
  // A gateway's own messages (a heartbeat every 30 s on each connection) are no deliveries.
  const deliveries = Math.min(count.messages, expected);
  return {
    cpuPerDelivery: (cpu * 1_000) / deliveries,
    cpuShare: cpu / tookMs,
    clientCpuShare: clientCpu / tookMs,
    deliveriesPerSecond: (deliveries * 1_000) / tookMs,
    deliveredShare: deliveries / expected,
    bytesPerDelivery: count.bytes / count.messages,
    publishedPerSecond: (published.sent * 1_000) / tookMs,
    updatesPerBatch: published.sent / published.batches,
    count,
  };
}

/**
 * Messages until every function on their way has been compiled for good: a gateway's first some thousand
 * cost up to ten times as much, which is soon over for one that runs for weeks.
 */
const WARM_UP_MESSAGES = 20_000;
const WARM_UP_RATE = 1_500;
const WARM_UP_LIMIT_MS = 20_000;

/**
 * Publishes until the subject is as quick as it gets, at a rate that it can just take.
 *
 * @param updatesPerSecond less where each delivery costs more
 */
export async function warmUp(
  bench: Bench,
  audience: Audience,
  window: Omit<Window, 'updatesPerSecond' | 'measureMs'>,
  updatesPerSecond = WARM_UP_RATE,
): Promise<void> {
  const wanted = (1_000 * WARM_UP_MESSAGES) / updatesPerSecond;
  const measureMs = bench.isQuick ? 1_000 : Math.min(wanted, WARM_UP_LIMIT_MS);
  await measure(bench, audience, { ...window, updatesPerSecond, measureMs });
}

/** Waits for what a subject that fell behind still sends, so that it is not counted next time. */
async function becomeQuiet(load: Audience['load'], connections: number): Promise<void> {
  for (let waited = 0; waited < QUIET_WITHIN_MS; waited += TAIL_MS) {
    await sleep(TAIL_MS);
    const { messages } = await load.ask('take');
    if (messages <= connections * QUIET_SHARE) return;
  }
}
