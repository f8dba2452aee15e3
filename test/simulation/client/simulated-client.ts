import type { Candle } from '../../../src/candle/candle.ts';
import type { ChannelName } from '../../../src/candle/channel.ts';
import type { ClientMessage, ServerMessage } from '../../../src/candle/messages.ts';
import type { Frame } from '../../../src/gateway/transport.ts';
import { createDialect, type Dialect } from '../../support/dialect.ts';
import type { ClientEnd, SimulatedSocket, SocketBounds } from '../gateway/simulated-socket.ts';
import type { ConnectRequest, GatewayNode } from '../gateway/gateway-node.ts';
import type { Random } from '../random.ts';
import type { VirtualProcess } from '../time/virtual-process.ts';
import { ChannelLog } from './channel-log.ts';

export interface SimulatedClientDeps {
  readonly process: VirtualProcess;
  readonly random: Random;
  readonly gateways: readonly GatewayNode[];
  readonly channels: readonly ChannelName[];
  readonly bounds: SocketBounds;
  /** The subprotocol that it speaks. */
  readonly protocol: string;
  /** Takes its one channel from the path endpoint. */
  readonly usesPath: boolean;
  /** How long it takes for each message. 0: reads whatever is there at once. */
  readonly readingMs: number;
  /** Start of the market's current candle, for the log. */
  readonly marketNow: (channel: ChannelName) => number;
  readonly requests: RequestBook;
  /** What any client was given under an offset: none is ever used for two things. */
  readonly offsets: Map<string, string>;
}

/** What clients asked for, and what was true when a gateway answered that it had lost that. */
export interface RequestBook {
  asked(request: string, since: Readonly<Record<string, number>>): void;
  historyReached(request: string, channel: ChannelName): boolean;
}

const CONNECT_TIMEOUT_MS = 2_000;
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 1_500;
/** A connection on which nothing comes for so many heartbeats is dead. */
const SILENT_HEARTBEATS = 3;

/** A client written from PROTOCOL.md: resumes with `since`, does as the close codes say, ignores repeats. */
export class SimulatedClient {
  readonly name: string;
  readonly deps: SimulatedClientDeps;
  readonly logs: ReadonlyMap<ChannelName, ChannelLog>;
  /** Where a gateway broke the protocol. */
  readonly problems: string[] = [];
  connections = 0;
  #connection: Connection | null = null;
  #attempt = 0;
  #pausedUntil = 0;

  constructor(deps: SimulatedClientDeps) {
    this.deps = deps;
    this.name = deps.process.name;
    this.logs = new Map(deps.channels.map((channel) => [channel, new ChannelLog()]));
  }

  /** Called in the client's own process. */
  connect(): void {
    this.#connection = new Connection(this, this.deps.random.pick(this.deps.gateways));
  }

  get isSubscribed(): boolean {
    return this.#connection?.isSubscribed === true;
  }
  get isPaused(): boolean {
    return this.deps.process.scheduler.now < this.#pausedUntil;
  }

  /** Stops reading for a while. */
  pause(ms: number): void {
    const { process } = this.deps;
    this.#pausedUntil = Math.max(this.#pausedUntil, process.scheduler.now + ms);
    process.after(ms + 0.1, () => this.#connection?.resume());
  }

  /** Leaves and comes back. */
  reconnect(): void {
    const connection = this.#connection;
    if (connection === null) return;
    connection.leave(this.deps.random.chance(0.7) ? 1 : this.deps.random.between(0, 4_000));
    this.reconnectAfter(connection, this.deps.random.between(0, 300));
  }

  /** Asks for its channels again on the same connection. */
  resubscribe(): void {
    this.#connection?.subscribe(this.deps.random.chance(0.7));
  }

  /** `since` for all channels of which the client has a close. */
  since(): Record<string, number> {
    const since: Record<string, number> = {};
    for (const [channel, { lastClosed }] of this.logs) {
      if (lastClosed !== null) since[channel] = lastClosed;
    }
    return since;
  }

  welcomed(): void {
    this.#attempt = 0;
  }

  reconnectAfter(connection: Connection, delayMs: number): void {
    if (this.#connection !== connection) return;
    this.#connection = null;
    for (const log of this.logs.values()) log.awaitsReplay = false;
    this.deps.process.after(delayMs, () => {
      if (this.#connection === null) this.connect();
    });
  }

  /** Exponential backoff with full jitter. */
  backoffMs(): number {
    this.#attempt += 1;
    const ceiling = Math.min(FIRST_BACKOFF_MS * 2 ** this.#attempt, MAX_BACKOFF_MS);
    return this.deps.random.next() * ceiling;
  }
}

/** One connection of a client. */
class Connection implements ClientEnd {
  isSubscribed = false;
  readonly #client: SimulatedClient;
  readonly #usesPath: boolean;
  readonly #dialect: Dialect;
  #socket: SimulatedSocket | null = null;
  #isOver = false;
  #goingAwayMs: number | null = null;
  #heardAt = 0;
  /** `since` of the requests that are under way. */
  readonly #asked = new Map<string, Readonly<Record<string, number>>>();
  #pathRequest = '';
  readonly #open = new Map<ChannelName, Candle>();

  constructor(client: SimulatedClient, gateway: GatewayNode) {
    this.#client = client;
    const { process, random, usesPath, protocol } = client.deps;
    this.#usesPath = usesPath;
    this.#dialect = createDialect(protocol, false);
    const server = gateway.process;
    process.after(CONNECT_TIMEOUT_MS, () => {
      if (!this.isSubscribed && this.#heardAt === 0) this.#fail();
    });
    if (server === null) {
      process.after(random.between(0.5, 5), () => this.#fail());
      return;
    }
    const request = this.#request();
    server.after(random.between(0.5, 5), () => {
      if (this.#isOver) return;
      this.#socket = gateway.accept(request);
      if (this.#socket === null) process.after(1, () => this.#fail());
      // The client gave up in the same moment.
      else if (this.#hasEnded()) this.#socket.leaveServer(1);
    });
  }

  readingMs(): number | null {
    return this.#client.isPaused ? null : this.#client.deps.readingMs;
  }

  resume(): void {
    if (this.#heardAt > 0) this.#heardAt = this.#now;
    this.#socket?.resume();
  }

  /** Ends the connection; the gateway notices after a while. */
  leave(noticedMs: number): void {
    this.#isOver = true;
    this.#socket?.leaveServer(noticedMs);
  }

  onClosed(code: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const client = this.#client;
    if (code >= 4400) client.problems.push(`closed with ${code}`);
    if (code === 1001) client.reconnectAfter(this, this.#goingAwayMs ?? client.backoffMs());
    else if (code >= 4000) client.reconnectAfter(this, 0);
    else client.reconnectAfter(this, client.backoffMs());
  }

  onFrame(frame: Frame): void {
    if (this.#isOver) return;
    this.#heardAt = this.#now;
    let message: ServerMessage;
    try {
      message = this.#dialect.read(frame);
    } catch (error) {
      this.#problem('a message that cannot be read', { error: String(error) });
      return;
    }
    this.#take(message);
  }

  subscribe(withSince: boolean): void {
    if (!this.isSubscribed && this.#heardAt === 0) return;
    const client = this.#client;
    const { random, channels } = client.deps;
    const since = withSince ? client.since() : {};
    const id = this.#newRequest(since);
    const message: ClientMessage = {
      type: 'subscribe',
      id,
      channels: [...channels],
      ...(random.chance(0.5) ? { snapshot: random.int(0, 10) } : {}),
      ...(Object.keys(since).length === 0 ? {} : { since }),
    };
    this.#socket?.sendUp(this.#dialect.write(message));
  }

  get #now(): number {
    return this.#client.deps.process.scheduler.now;
  }

  #hasEnded(): boolean {
    return this.#isOver;
  }

  #request(): ConnectRequest {
    const { process, bounds, channels, protocol } = this.#client.deps;
    const [channel] = channels;
    const common = { client: process, end: this, bounds, protocol };
    if (!this.#usesPath || channel === undefined) return common;
    const { [channel]: since } = this.#client.since();
    const request = this.#newRequest(since === undefined ? {} : { [channel]: since });
    this.#pathRequest = request;
    return {
      ...common,
      initial: { channel, request, ...(since === undefined ? {} : { since }) },
    };
  }

  #newRequest(since: Readonly<Record<string, number>>): string {
    const client = this.#client;
    client.connections += 1;
    const request = `${client.name}-${client.connections}`;
    this.#asked.set(request, since);
    client.deps.requests.asked(request, since);
    return request;
  }

  /** No connection, or one on which nothing comes. */
  #fail(): void {
    if (this.#isOver) return;
    this.leave(0);
    this.#client.reconnectAfter(this, this.#client.backoffMs());
  }

  #take(message: ServerMessage): void {
    const client = this.#client;
    switch (message.type) {
      case 'welcome':
        client.welcomed();
        this.#watch(message.heartbeatMs * SILENT_HEARTBEATS);
        if (!this.#usesPath) this.subscribe(true);
        return;
      case 'subscribed':
        this.isSubscribed = true;
        for (const head of message.channels) this.#subscribed(head, message.id);
        return;
      case 'snapshot': {
        const log = this.#log(message.channel);
        for (const candle of message.candles) {
          this.#checkOpen(message.channel, candle);
          log.take(candle, client.deps.marketNow(message.channel));
        }
        if (message.more !== true) log.awaitsReplay = false;
        return;
      }
      case 'candle': {
        const log = this.#log(message.channel);
        if (log.awaitsReplay) this.#problem('a live message before the last part', message);
        this.#checkOffset(message);
        this.#checkOpen(message.channel, message.candle);
        log.take(message.candle, client.deps.marketNow(message.channel));
        return;
      }
      case 'heartbeat':
        for (const { channel, lastClosed } of message.channels) {
          const log = this.#log(channel);
          const known = Math.max(log.lastClosed ?? -1, log.owedAfter ?? -1);
          if (lastClosed !== null && lastClosed > known && !log.awaitsReplay) {
            this.#problem(`a heartbeat ahead of ${known}`, message);
          }
        }
        return;
      case 'going_away':
        this.#goingAwayMs = message.reconnectDelayMs;
        return;
      case 'error':
        this.#problem('an error', message);
        return;
      case 'token_expiring':
      case 'unsubscribed':
      case 'pong':
      case 'authenticated':
        return;
    }
  }

  #subscribed(
    head: Extract<ServerMessage, { type: 'subscribed' }>['channels'][number],
    id: string | undefined,
  ): void {
    const { channel, lastClosed, epoch, recovered } = head;
    const log = this.#log(channel);
    // A client without any closed candle begins anew with each subscription.
    if (log.lastClosed === null) log.owedAfter = lastClosed;
    const request = id ?? this.#pathRequest;
    const since = this.#asked.get(request)?.[channel];
    if ((recovered === undefined) !== (since === undefined)) {
      this.#problem('`recovered` without `since`, or the other way round', head);
    }
    log.awaitsReplay = recovered !== undefined && (epoch !== null || recovered);
    if (recovered === false && since !== undefined) {
      const historyReached = this.#client.deps.requests.historyReached(request, channel);
      log.unrecovered.push({ index: log.candles.length, since, historyReached });
    }
  }

  #checkOffset(message: Extract<ServerMessage, { type: 'candle' }>): void {
    const { channel, epoch, offset, candle, backfill } = message;
    // All candles of a seed share one offset.
    if (backfill === true) return;
    const { offsets } = this.#client.deps;
    const key = `${channel} ${epoch} ${offset}`;
    const text = `${candle.start} ${candle.volume} ${candle.confirm}`;
    const known = offsets.get(key);
    if (known !== undefined && known !== text) this.#problem(`${key} was ${known}`, candle);
    offsets.set(key, text);
  }

  /** On one connection the open candle never goes back; its volume only grows. */
  #checkOpen(channel: ChannelName, candle: Candle): void {
    if (candle.confirm) return;
    const before = this.#open.get(channel);
    const isOlder =
      before !== undefined &&
      (candle.start < before.start ||
        (candle.start === before.start && Number(candle.volume) < Number(before.volume)));
    if (isOlder) this.#problem(`an update older than ${before.start} ${before.volume}`, candle);
    this.#open.set(channel, candle);
  }

  /** Ends the connection when nothing has come for too long. */
  #watch(silenceMs: number): void {
    const { process } = this.#client.deps;
    process.after(silenceMs / 2, () => {
      if (this.#isOver) return;
      if (!this.#client.isPaused && this.#now - this.#heardAt > silenceMs) this.#fail();
      else this.#watch(silenceMs);
    });
  }

  #log(channel: ChannelName): ChannelLog {
    const log = this.#client.logs.get(channel);
    if (log === undefined) throw new Error(`nobody asked for ${channel}`);
    return log;
  }

  #problem(what: string, facts: object): void {
    this.#client.problems.push(`${what}: ${JSON.stringify(facts)}`);
  }
}
