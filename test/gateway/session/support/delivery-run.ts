import { expect } from 'vitest';
import type { ChannelName } from '../../../../src/candle/channel.ts';
import { PROTOCOLS } from '../../../support/dialect.ts';
import { identityOf } from '../../auth/tokens.ts';
import { CLIENTS, NAMES, type Step } from './delivery-steps.ts';
import { FIRST_START, MemoryChannel, MINUTE_MS } from './memory-channel.ts';
import { ResumingClient } from './resuming-client.ts';
import { TIGHT_SETTINGS, World, type TestClient } from './world.ts';

/** Room for a few messages, whatever the encoding. */
const BOUNDS = [
  { kernelBytes: 1_500, bufferBytes: 2_500 },
  { kernelBytes: 180, bufferBytes: 300 },
] as const;

function subjectOf(client: number): { readonly subject: string } {
  return { subject: `client-${client}` };
}

/** Clients with small buffers against a gateway whose limits are as small. */
export class DeliveryRun {
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
