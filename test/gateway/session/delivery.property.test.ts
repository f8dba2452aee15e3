import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChannelName } from '../../../src/candle/channel.ts';
import { FIRST_START, MemoryChannel, MINUTE_MS } from './support/memory-channel.ts';
import { identityOf } from '../auth/tokens.ts';
import { ResumingClient } from './support/resuming-client.ts';
import { PROTOCOLS } from '../../support/dialect.ts';
import { TIGHT_SETTINGS, World, type TestClient } from './support/world.ts';

const NAMES = ['candles:BTCUSDT:1', 'candles:ETHUSDT:5', 'candles:SOLUSDT:15'] as const;
/** Room for a few messages, whatever the encoding. */
const BOUNDS = [
  { kernelBytes: 1_500, bufferBytes: 2_500 },
  { kernelBytes: 180, bufferBytes: 300 },
] as const;
const CLIENTS = 3;
/** More than ever closes, so that nobody can fall behind what is held. */
const AMPLE_DEPTH = 500;

/** How often more than by default: `RUNS=50 npx vitest run …`. */
const RUNS = Number(process.env['RUNS'] ?? 1);

/** One thing that happens. Small numbers choose the channel and the client. */
type Step =
  | { readonly do: 'update'; readonly channel: number; readonly ahead: number }
  | { readonly do: 'close'; readonly channel: number; readonly count: number }
  | { readonly do: 'seed'; readonly channel: number; readonly count: number }
  /** The batches are written before the turn ends. */
  | { readonly do: 'flush' }
  | { readonly do: 'turn' }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'read'; readonly client: number; readonly count: number }
  | {
      readonly do: 'subscribe';
      readonly client: number;
      readonly channels: readonly number[];
      readonly snapshot: number;
      readonly since: 'none' | 'last' | 'behind' | 'ahead' | 'between' | 'old' | 'future';
    }
  | { readonly do: 'unsubscribe'; readonly client: number; readonly channel: number }
  | { readonly do: 'ping'; readonly client: number }
  /** A token that may see these channels alone; null: all of them. */
  | { readonly do: 'auth'; readonly client: number; readonly channels: readonly number[] | null }
  /** Nothing is traded in the next candle. */
  | { readonly do: 'quiet'; readonly channel: number }
  | { readonly do: 'epoch'; readonly channel: number }
  /** Closed candles can no longer be had. */
  | { readonly do: 'hole'; readonly channel: number }
  /** The channel is not served any more, or again. */
  | { readonly do: 'serve'; readonly channel: number; readonly isServed: boolean }
  /** The gateway says that it goes away, or goes. */
  | { readonly do: 'drain'; readonly closes: boolean }
  | { readonly do: 'reconnect'; readonly client: number }
  /** Simulated faults that a client asks for. */
  | { readonly do: 'slow'; readonly client: number; readonly ms: number }
  | { readonly do: 'break'; readonly client: number };

const channelArb = fc.nat(NAMES.length - 1);
const clientArb = fc.nat(CLIENTS - 1);
const stepArb: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('update' as const),
      channel: channelArb,
      ahead: fc.nat(1),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('close' as const),
      channel: channelArb,
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('seed' as const),
      channel: channelArb,
      count: fc.integer({ min: 1, max: 12 }),
    }),
  },
  { weight: 6, arbitrary: fc.constant({ do: 'turn' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'flush' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(50, 300, 1_200) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('read' as const),
      client: clientArb,
      count: fc.constantFrom(1, 2, 5, 1000),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('subscribe' as const),
      client: clientArb,
      channels: fc.uniqueArray(channelArb, { minLength: 1 }),
      snapshot: fc.constantFrom(0, 1, 4, 1000),
      since: fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom('none', 'last', 'last', 'behind', 'ahead') },
        { weight: 1, arbitrary: fc.constantFrom('between', 'old', 'future') },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('unsubscribe' as const),
      client: clientArb,
      channel: channelArb,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('ping' as const), client: clientArb }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('auth' as const),
      client: clientArb,
      channels: fc.option(fc.uniqueArray(channelArb)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('quiet' as const), channel: channelArb }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('epoch' as const), channel: channelArb }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hole' as const), channel: channelArb }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('serve' as const),
      channel: channelArb,
      isServed: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('drain' as const), closes: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reconnect' as const), client: clientArb }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('slow' as const),
      client: clientArb,
      ms: fc.constantFrom(100, 400, 1_500),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('break' as const), client: clientArb }) },
);

function subjectOf(client: number): { readonly subject: string } {
  return { subject: `client-${client}` };
}

/** Clients with small buffers against a gateway whose limits are as small. */
class Run {
  readonly channels: MemoryChannel[];
  readonly world: World;
  readonly #clients: { connection: TestClient; model: ResumingClient }[];

  constructor(depth: number, seeded: readonly number[], flushesLate: boolean) {
    this.channels = NAMES.map((name) => new MemoryChannel(name, depth));
    this.channels.forEach((channel, index) => {
      if ((seeded[index] ?? 0) > 0) channel.seed(seeded[index] ?? 0);
    });
    this.world = new World(this.channels, TIGHT_SETTINGS, { flushesLate });
    this.#clients = Array.from({ length: CLIENTS }, (_, index) => ({
      connection: this.#connect(index),
      model: new ResumingClient((name, start) => this.#named(name).previousOf(start)),
    }));
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'update': {
        const channel = this.#channel(step.channel);
        // Also before the first history.
        this.world.publish(channel, channel.update(step.ahead));
        return;
      }
      case 'close': {
        const channel = this.#channel(step.channel);
        if (channel.head().lastClosed === null) return;
        for (let count = step.count; count > 0; count -= 1) {
          this.world.publish(channel, channel.close());
        }
        return;
      }
      case 'seed': {
        this.#seed(this.#channel(step.channel), step.count);
        return;
      }
      case 'flush':
        this.world.broadcaster.flush();
        return;
      case 'turn':
        this.world.endTurn();
        return;
      case 'pass':
        this.world.pass(step.ms);
        return;
      case 'read':
        this.#read(step.client, step.count);
        return;
      case 'subscribe':
        this.#subscribe(step);
        return;
      case 'unsubscribe':
        this.#send(step.client, { type: 'unsubscribe', channels: [NAMES[step.channel]] });
        return;
      case 'ping':
        this.#send(step.client, { type: 'ping' });
        return;
      case 'auth': {
        const patterns = step.channels?.map((index) => `@${NAMES[index]}`).join(',');
        const token = `${subjectOf(step.client).subject}@${this.world.now + 3_600_000}`;
        // Names hold no comma; the pattern of none is a channel that is not served.
        const seen =
          patterns === undefined ? '' : patterns.replaceAll(',@', ',') || '@candles:NONE:1';
        this.#send(step.client, { type: 'auth', token: token + seen });
        await nextTurn();
        return;
      }
      case 'quiet':
        this.#channel(step.channel).quiet();
        return;
      case 'epoch':
        this.#channel(step.channel).renew();
        return;
      case 'hole': {
        const channel = this.#channel(step.channel);
        if (channel.head().lastClosed === null) return;
        channel.breakOff();
        this.world.sessions.closeForHole(channel.channel.name);
        return;
      }
      case 'serve':
        this.#serve(step.channel, step.isServed);
        return;
      case 'drain':
        for (const session of this.world.sessions.all()) {
          if (step.closes) session.close();
          else session.goingAway(1);
        }
        return;
      case 'reconnect':
        this.#reconnect(step.client);
        return;
      case 'slow':
        this.world.sessions.faults.slowDown(subjectOf(step.client), step.ms);
        return;
      case 'break':
        this.world.sessions.faults.drop(subjectOf(step.client));
        expect(this.#client(step.client).connection.socket.isClosed).toBe(true);
        return;
    }
  }

  /** Everybody reads until nothing more comes; whoever was closed comes back. */
  settle(): void {
    for (const index of NAMES.keys()) {
      this.#serve(index, true);
      this.#seed(this.#channel(index), 2);
    }
    for (let round = 0; round < 30; round += 1) {
      for (let client = 0; client < CLIENTS; client += 1) this.#read(client, 1000);
      this.world.pass(200);
    }
    for (let client = 0; client < CLIENTS; client += 1) this.#read(client, 1000);
  }

  check(): void {
    for (const { model, connection } of this.#clients) {
      expect(connection.socket.closedWith).toBeNull();
      expect(connection.socket.unreadItems).toBe(0);
      for (const name of model.subscribedChannels()) {
        const truth = this.#named(name);
        const { lastClosed, mayJump, awaitsSnapshot, open } = model.record(name);
        expect(awaitsSnapshot).toBe(false);
        const newest = truth.open;
        const isNews = newest !== null && newest.start > (lastClosed ?? -1);
        expect(open).toEqual(isNews ? newest : null);
        // A client that asked for no closed candles need not have one; another may have been ahead.
        const expected = truth.head().lastClosed ?? -1;
        if (lastClosed !== null && !mayJump) expect(lastClosed).toBeGreaterThanOrEqual(expected);
      }
    }
    expect(this.world.faults).toEqual([]);
  }

  /** How many connections were closed because history no longer held what they were owed. */
  async fellBehind(): Promise<number> {
    const lines = await this.world.metric('candlegate_gateway_too_slow_total');
    const line = lines.find((each) => each.includes('"behind_history"'));
    return Number(line?.split(' ')[1] ?? Number.NaN);
  }

  #channel(index: number): MemoryChannel {
    const channel = this.channels[index];
    if (channel === undefined) throw new RangeError(`no channel ${index}`);
    return channel;
  }

  #named(name: ChannelName): MemoryChannel {
    const channel = this.channels.find((each) => each.channel.name === name);
    if (channel === undefined) throw new RangeError(`no channel ${name}`);
    return channel;
  }

  #serve(index: number, isServed: boolean): void {
    const { directory, sessions } = this.world;
    const channel = this.#channel(index);
    const { name } = channel.channel;
    if (isServed === (directory.get(name) !== undefined)) return;
    if (!isServed) {
      directory.serve(name, null);
      sessions.leave(name);
      return;
    }
    const again = channel.followedAgain();
    this.channels[index] = again;
    directory.serve(name, again);
  }

  #client(index: number): { connection: TestClient; model: ResumingClient } {
    const client = this.#clients[index];
    if (client === undefined) throw new RangeError(`no client ${index}`);
    return client;
  }

  /** Clients on the same channels speak different encodings. */
  #connect(index: number): TestClient {
    const encoding = index % 2 === 0 ? 0 : 1;
    const { now } = this.world;
    return this.world.connect({
      identity: identityOf({ ...subjectOf(index), expiresAt: now + 3_600_000 }),
      bounds: BOUNDS[encoding],
      protocol: PROTOCOLS[encoding],
    });
  }

  #seed(channel: MemoryChannel, count: number): void {
    if (channel.head().lastClosed !== null) return;
    channel.seed(count);
    const { epoch, offset } = channel.head();
    this.world.publish(channel, {
      type: 'snapshot',
      channel: channel.channel.name,
      epoch: epoch ?? '',
      offset,
      source: 'simulator',
      candles: [...channel.newestClosed(count, null)],
    });
  }

  /** Reads; a client whose connection has ended reconnects with `since`. */
  #read(index: number, count: number): void {
    const { connection, model } = this.#client(index);
    for (const message of connection.read(count)) model.take(message);
    const { socket } = connection;
    const { bufferBytes } = BOUNDS[index % 2 === 0 ? 0 : 1];
    if (socket.maxBufferedBytes > bufferBytes + socket.largestFrameBytes) {
      throw new Error(`${socket.maxBufferedBytes} bytes were buffered`);
    }
    if (socket.isClosed) this.#reconnect(index);
  }

  #send(index: number, message: object): void {
    this.#client(index).connection.send(message);
  }

  #reconnect(index: number): void {
    const client = this.#client(index);
    client.connection.socket.end(1006);
    client.connection = this.#connect(index);
    const channels = client.model.subscribedChannels();
    if (channels.length === 0) return;
    client.connection.send({ type: 'subscribe', channels, since: client.model.since(channels) });
  }

  #subscribe(step: Extract<Step, { do: 'subscribe' }>): void {
    const { connection, model } = this.#client(step.client);
    const channels = step.channels.map((index) => this.#channel(index).channel.name);
    const since = this.#since(step.since, model, channels);
    connection.send({ type: 'subscribe', channels, snapshot: step.snapshot, since });
  }

  #since(
    kind: Extract<Step, { do: 'subscribe' }>['since'],
    model: ResumingClient,
    channels: readonly ChannelName[],
  ): Record<string, number> | undefined {
    const last = model.since(channels);
    switch (kind) {
      case 'none':
        return undefined;
      case 'last':
        return last;
      case 'behind':
        return Object.fromEntries(
          Object.entries(last).map(([name, start]) => [
            name,
            Math.max(FIRST_START, start - 2 * MINUTE_MS),
          ]),
        );
      case 'ahead':
        // Another gateway was quicker: the client has one close more than this one, or some although this
        // one has no history yet.
        for (const name of channels) {
          const head = this.#named(name).head().lastClosed;
          if (head !== null && last[name] === head) model.hasAlready(name, head + MINUTE_MS);
          if (head === null && last[name] === undefined) {
            model.hasAlready(name, FIRST_START + MINUTE_MS);
          }
        }
        return model.since(channels);
      case 'between':
        return shifted(last, -MINUTE_MS / 2);
      case 'old':
        return shifted(last, -1_000 * MINUTE_MS);
      case 'future':
        for (const name of channels) {
          const { lastClosed } = model.record(name);
          if (lastClosed !== null) model.hasAlready(name, lastClosed + 3 * MINUTE_MS);
        }
        return model.since(channels);
    }
  }
}

function shifted(since: Record<string, number>, ms: number): Record<string, number> {
  return Object.fromEntries(Object.entries(since).map(([name, start]) => [name, start + ms]));
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('delivery', () => {
  it('brings every close after the position, in order, and the newest open state in the end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(6, 12, AMPLE_DEPTH),
        fc.array(fc.constantFrom(0, 1, 5, 20), { minLength: 3, maxLength: 3 }),
        fc.boolean(),
        fc.array(stepArb, { minLength: 10, maxLength: 120 }),
        async (depth, seeded, flushesLate, steps) => {
          const run = new Run(depth, seeded, flushesLate);
          for (const step of steps) await run.take(step);
          run.settle();
          run.check();
          // In the turn of a hole nothing behind it is certain yet.
          const isWhole = !steps.some((step) => step.do === 'hole');
          if (depth === AMPLE_DEPTH && isWhole) expect(await run.fellBehind()).toBe(0);
        },
      ),
      { numRuns: 300 * RUNS },
    );
  });
});
