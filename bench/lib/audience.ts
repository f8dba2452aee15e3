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
/** By how much the clients' count may differ from what was published without anything being wrong. */
const COUNT_BLUR = 0.03;

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
  /** At this rate, before anything is counted. */
  readonly settleMs: number;
  readonly measureMs: number;
  /** Clients that each update goes to. Default: all. */
  readonly receivers?: number;
}

export interface WindowResult {
  /** Of the subject's process, in µs. */
  readonly cpuPerDelivery: number;
  /** Of one CPU. */
  readonly cpuShare: number;
  readonly deliveriesPerSecond: number;
  /** Deliveries as a share of what was published while it was measured; 1 when nothing lagged. */
  readonly deliveredShare: number;
  /** Of a frame with its header. */
  readonly bytesPerDelivery: number;
  /** Updates that were published, a second. */
  readonly publishedPerSecond: number;
  readonly count: LoadCount;
}

/** Publishes at one rate and measures what that costs and how much of it arrives. */
export async function measure(
  bench: Bench,
  { subject, load, connections }: Audience,
  window: Window,
): Promise<WindowResult> {
  const { channels, updatesPerSecond, settleMs, measureMs, receivers = connections } = window;
  const { publisher } = bench;
  await publisher.ask('start', { channels, updatesPerSecond, form: subject.form });
  await sleep(settleMs);
  await publisher.ask('take');
  await load.ask('take');
  const cpuBefore = cpuMs(subject.pid);
  await sleep(measureMs);
  const count = await load.ask('take');
  const cpu = cpuMs(subject.pid) - cpuBefore;
  const published = await publisher.ask('take');
  await publisher.ask('stop');
  if (published.failed > 0) throw new Error(`${published.failed} publications failed`);
  const expected = published.sent * receivers;
  const deliveredShare = count.messages / expected;
  // What clients have not read yet at the window's ends blurs their count; a gateway's own messages (a
  // heartbeat every 30 s on each connection) are in it too. So it decides only where messages are missing.
  const deliveries = deliveredShare < 1 - COUNT_BLUR ? count.messages : expected;
  return {
    cpuPerDelivery: (cpu * 1_000) / deliveries,
    cpuShare: cpu / count.windowMs,
    deliveriesPerSecond: (deliveries * 1_000) / count.windowMs,
    deliveredShare,
    bytesPerDelivery: count.bytes / count.messages,
    publishedPerSecond: (published.sent * 1_000) / count.windowMs,
    count,
  };
}
