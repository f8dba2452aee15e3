import { createWallClock } from '../../src/time/clock.ts';
import { LoadConnection, type Tally } from './connection.ts';
import type { ConnectPlan, ConnectResult, LoadCount } from './plan.ts';

/** One connection in so many is read at once and its messages are timed. */
const SAMPLE_EVERY = 50;
/** Connections of one local address: far below any limit on addresses. */
const PER_ADDRESS = 250;
/** In this time every connection is read once: what came meanwhile is one read instead of many. */
const CYCLE_MS = 40;
const TICK_MS = 2;
const PUBLISHED = Buffer.from('"published":');

/** Many WebSocket clients of one server, in this process. */
export class LoadClient {
  readonly #clock = createWallClock();
  readonly #connections: LoadConnection[] = [];
  readonly #lazy: LoadConnection[] = [];
  #next = 0;
  #open = 0;
  #lost = 0;
  #latencies: number[] = [];
  #since = performance.now();
  readonly #tally: Tally = {
    messages: 0,
    bytes: 0,
    sampled: (chunk, from, to) => {
      const published = publishedTime(chunk, from, to);
      if (published !== null) this.#latencies.push(this.#clock.now() - published);
    },
  };

  constructor() {
    setInterval(() => this.#drainSome(), TICK_MS);
  }

  /** Opens connections beside those that are there. Resolves when each is open or has been refused. */
  async connect(plan: ConnectPlan): Promise<ConnectResult> {
    const began = performance.now();
    const wanted = plan.groups.flatMap((group) => Array.from({ length: group.count }, () => group));
    const refused: Record<string, number> = {};
    let opened = 0;
    let next = 0;
    const work = async (): Promise<void> => {
      for (let group = wanted[next++]; group !== undefined; group = wanted[next++]) {
        const refusal = await this.#connectOne(plan, group);
        if (refusal === null) opened += 1;
        else refused[refusal] = (refused[refusal] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: plan.atOnce }, work));
    return { open: opened, refused, tookMs: performance.now() - began };
  }

  /** What was counted since the last call; counts from zero again. */
  take(): LoadCount {
    const now = performance.now();
    const count: LoadCount = {
      windowMs: now - this.#since,
      messages: this.#tally.messages,
      bytes: this.#tally.bytes,
      open: this.#open,
      lost: this.#lost,
      latencies: this.#latencies.sort((a, b) => a - b),
    };
    this.#since = now;
    this.#tally.messages = 0;
    this.#tally.bytes = 0;
    this.#latencies = [];
    return count;
  }

  /** Breaks all connections, without a close frame. */
  disconnect(): void {
    for (const connection of this.#connections) connection.destroy();
    this.#connections.length = 0;
    this.#lazy.length = 0;
    this.#lost = 0;
  }

  /** @returns null when open, else why not */
  #connectOne(plan: ConnectPlan, group: ConnectPlan['groups'][number]): Promise<string | null> {
    const index = this.#connections.length;
    const isSampled = index % SAMPLE_EVERY === 0;
    return new Promise((resolve) => {
      const connection = new LoadConnection({
        port: plan.port,
        localAddress: addressOf(Math.floor(index / PER_ADDRESS)),
        group,
        isEngineIo: plan.isEngineIo,
        isSampled,
        tally: this.#tally,
        onOpen: () => {
          this.#open += 1;
          resolve(null);
        },
        onEnd: (refusal) => {
          if (refusal === null) {
            this.#open -= 1;
            this.#lost += 1;
          }
          resolve(refusal);
        },
      });
      this.#connections.push(connection);
      if (!isSampled) this.#lazy.push(connection);
    });
  }

  #drainSome(): void {
    const all = this.#lazy;
    const some = Math.ceil((all.length * TICK_MS) / CYCLE_MS);
    for (let count = 0; count < some; count += 1) {
      this.#next = this.#next + 1 < all.length ? this.#next + 1 : 0;
      all[this.#next]?.drain();
    }
  }
}

/** 127.1.0.1 and on. */
function addressOf(index: number): string {
  return `127.1.${Math.floor(index / 250)}.${1 + (index % 250)}`;
}

/** The number behind `"published":` (ms since 1970), or null when there is none. */
function publishedTime(chunk: Uint8Array, from: number, to: number): number | null {
  const text = Buffer.from(chunk.buffer, chunk.byteOffset + from, to - from);
  const at = text.indexOf(PUBLISHED);
  if (at < 0) return null;
  const published = Number.parseFloat(text.toString('latin1', at + PUBLISHED.length, at + 32));
  return Number.isFinite(published) ? published : null;
}
