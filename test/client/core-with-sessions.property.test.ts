import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createCore } from '../../src/client/core/core.ts';
import { MemoryChannel, MINUTE_MS } from '../gateway/session/support/memory-channel.ts';
import { TIGHT_SETTINGS, World, type TestClient } from '../gateway/session/support/world.ts';
import { FakePort } from './fake-port.ts';
import { CHANNEL, missing, ModelReaders } from './model-readers.ts';

/** How often more than by default: `RUNS=50 npx vitest run …`. */
const RUNS = Number(process.env['RUNS'] ?? 1);
const BOUNDS = { kernelBytes: 800, bufferBytes: 1_200 };

/** The core of the client library against the sessions of a gateway, with nothing in between but small buffers. */
class Run {
  readonly port = new FakePort();
  readonly core = createCore(this.port, false);
  readonly channel: MemoryChannel;
  readonly world: World;
  readonly #readers = new ModelReaders(
    this.core,
    () => this.#carryOut(),
    (reason) => {
      throw new Error(`ended: ${reason.message}`);
    },
  );
  #client: TestClient | null = null;

  constructor(depth: number, seeded: number) {
    this.channel = new MemoryChannel(CHANNEL, depth);
    if (seeded > 0) this.channel.seed(seeded);
    this.world = new World([this.channel], TIGHT_SETTINGS, { flushesLate: true });
  }

  /** By number. */
  get readers(): ModelReaders['all'] {
    return this.#readers.all;
  }

  subscribe(snapshot: number, capacity: number, last?: number): void {
    this.#readers.subscribe(snapshot, capacity, last);
  }

  unsubscribe(index: number): void {
    const id = [...this.readers.keys()][index];
    if (id !== undefined && this.readers.size > 1) this.#readers.unsubscribe(id);
  }

  take(index: number, count: number): void {
    const id = [...this.readers.keys()][index % this.readers.size] ?? 0;
    this.#readers.take(id, count);
  }

  update(ahead: number): void {
    this.world.publish(this.channel, this.channel.update(ahead));
  }

  close(count: number): void {
    if (this.channel.head().lastClosed === null) return;
    for (let left = count; left > 0; left -= 1)
      this.world.publish(this.channel, this.channel.close());
  }

  seed(count: number): void {
    if (this.channel.head().lastClosed !== null) return;
    this.channel.seed(count);
    const { epoch, offset } = this.channel.head();
    this.world.publish(this.channel, {
      type: 'snapshot',
      channel: CHANNEL,
      epoch: epoch ?? '',
      offset,
      source: 'simulator',
      candles: [...this.channel.newestClosed(count, null)],
    });
  }

  hole(): void {
    if (this.channel.head().lastClosed === null) return;
    this.channel.breakOff();
    this.world.sessions.closeForHole(CHANNEL);
  }

  read(count: number): void {
    const client = this.#client;
    if (client === null) return;
    for (const message of client.read(count)) {
      this.port.socket?.arrived(message);
      this.#carryOut();
      if (this.#client !== client) return;
    }
    if (!client.socket.isClosed || client.socket.unreadItems > 0) return;
    this.#client = null;
    const { code = 1006, reason = '' } = client.socket.closedWith ?? {};
    this.port.socket?.lost(code, reason);
    this.#carryOut();
  }

  lose(): void {
    this.#client?.socket.end(1006);
    this.read(1_000);
  }

  pass(): void {
    this.world.pass(100);
    this.port.pass();
    this.#carryOut();
  }

  answer(): void {
    for (const { gap, resolve } of this.port.fetching.splice(0)) {
      resolve(this.channel.closedAfter(gap.after, 1_000));
      this.#carryOut();
    }
  }

  settle(): void {
    this.seed(2);
    for (let round = 0; round < 150; round += 1) {
      this.read(1_000);
      this.answer();
      for (let index = 0; index < this.readers.size; index += 1) this.take(index, Infinity);
      this.world.pass(100);
      // Time passes for the client only where it waits for it.
      if (this.core.state().name !== 'live' && this.#client === null) this.pass();
    }
  }

  #carryOut(): void {
    const { port } = this;
    while (port.asked.length > 0 || port.sent.length > 0) {
      for (const asked of port.asked.splice(0)) {
        if (asked === 'disconnect') {
          this.#client?.socket.end(1000);
          this.#client = null;
        } else if (asked === 'connect') {
          this.#client = this.world.connect({ bounds: BOUNDS });
          port.socket?.opened();
        }
      }
      for (const message of port.sent.splice(0)) this.#client?.send(message);
    }
  }
}

const few = fc.nat({ max: 3 });
type Step = (run: Run) => void;
const steps = fc.oneof<{ weight: number; arbitrary: fc.Arbitrary<Step> }[]>(
  { weight: 5, arbitrary: fc.nat({ max: 1 }).map((ahead) => (run) => run.update(ahead)) },
  { weight: 6, arbitrary: few.map((count) => (run) => run.close(count + 1)) },
  { weight: 2, arbitrary: fc.constant((run) => run.channel.quiet()) },
  { weight: 1, arbitrary: fc.constant((run) => run.channel.renew()) },
  { weight: 1, arbitrary: few.map((count) => (run) => run.seed(count + 1)) },
  { weight: 1, arbitrary: fc.constant((run) => run.hole()) },
  { weight: 6, arbitrary: fc.constant((run) => run.world.endTurn()) },
  { weight: 2, arbitrary: fc.constant((run) => run.world.broadcaster.flush()) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(50, 300, 1_200).map((ms) => (run) => run.world.pass(ms)),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom(1, 2, 5, 1_000).map((count) => (run) => run.read(count)),
  },
  { weight: 2, arbitrary: fc.constant((run) => run.pass()) },
  { weight: 2, arbitrary: fc.constant((run) => run.answer()) },
  { weight: 1, arbitrary: fc.constant((run) => run.lose()) },
  {
    weight: 1,
    arbitrary: fc.constant((run) => {
      for (const session of run.world.sessions.all()) session.close();
    }),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(few, few).map(
      ([index, count]) =>
        (run) =>
          run.take(index, count + 1),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(few, few, fc.option(fc.integer({ min: -1, max: 4 })))
      .map(([snapshot, capacity, back]) => (run) => {
        if (run.readers.size >= 4) return;
        const last = run.channel.head().lastClosed;
        const since = back === null || last === null ? NaN : last - back * MINUTE_MS;
        run.subscribe(snapshot, capacity + 1, since);
      }),
  },
  { weight: 1, arbitrary: few.map((index) => (run) => run.unsubscribe(index)) },
);

it('gives each reader every closed candle once and in order, or says what is missing', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(3, 6, 500),
      fc.constantFrom(0, 1, 5),
      fc.array(steps, { minLength: 5, maxLength: 80 }),
      (depth, seeded, taken) => {
        const run = new Run(depth, seeded);
        run.subscribe(2, 3);
        for (const step of taken) step(run);
        run.settle();
        expect(run.core.state().name).toBe('live');
        expect(run.world.faults).toEqual([]);
        const truth = run.channel.truth.map(({ start }) => start);
        const repairs = run.port.emitted
          .filter(({ name }) => name === 'repair')
          .map(({ detail }) => detail as { after: number; before: number; complete: boolean });
        const unfilled = repairs.filter(({ complete }) => !complete);
        for (const { closed, snapshot } of run.readers.values()) {
          expect(closed).toEqual([...new Set(closed)].sort((a, b) => a - b));
          if (closed.length > 0 || snapshot > 0) {
            expect(closed.at(-1)).toBeGreaterThanOrEqual(truth.at(-1) ?? 0);
          }
          for (const start of missing(closed, truth)) {
            expect(unfilled.some(({ after, before }) => after < start && start < before)).toBe(
              true,
            );
          }
        }
      },
    ),
    { numRuns: 80 * RUNS },
  );
});
