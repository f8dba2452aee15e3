import { Registry } from 'prom-client';
import type { ServerMessage } from '../../../../src/candle/messages.ts';
import type { Identity, TokenVerifier } from '../../../../src/gateway/auth/identity.ts';
import { topicOf } from '../../../../src/gateway/channel-view.ts';
import { JSON_PROTOCOL } from '../../../../src/gateway/codec/json.ts';
import type { Codec } from '../../../../src/gateway/codec/codec.ts';
import { frameBytes } from '../../../../src/gateway/frame-bytes.ts';
import type { SessionRequest } from '../../../../src/gateway/session-factory.ts';
import type { Broadcaster } from '../../../../src/gateway/transport.ts';
import {
  DEFAULT_SESSION_SETTINGS,
  type SessionSettings,
} from '../../../../src/gateway/session/session-context.ts';
import { createSessions, type Sessions } from '../../../../src/gateway/session/sessions.ts';
import type { LoopStalls } from '../../../../src/time/loop-stalls.ts';
import type { PlanLimits } from '../../../../src/limits/limits.ts';
import { SentMetrics } from '../../../../src/metrics/sent-metrics.ts';
import { SessionMetrics } from '../../../../src/metrics/session-metrics.ts';
import type { Tracing } from '../../../../src/tracing/tracing.ts';
import { grantOf, identityOf, tokenAuthenticator } from '../../auth/tokens.ts';
import { createCodecs, createDialect, type Dialect } from '../../../support/dialect.ts';
import { sessionLimits } from '../../../support/limits.ts';
import { MemoryDirectory, type MemoryChannel } from './memory-channel.ts';
import { MemoryBroadcaster, MemorySocket, type SocketBounds } from './memory-socket.ts';

export const START_TIME = 1_745_000_100_000;
const STEP_MS = 100;
/** So small and short that every limit is reached within a few steps of a property. */
export const TIGHT_SETTINGS: Partial<SessionSettings> = {
  heartbeatMs: 2_000,
  pingMs: 1_000,
  pongTimeoutMs: 200,
  stallTimeoutMs: 3_000,
  maxPartCandles: 3,
  maxTurnCandles: 9,
  lowWaterBytes: 700,
};
const WIDE: SocketBounds = { kernelBytes: 4_000_000, bufferBytes: 65_536 };

/**
 * Tokens of tests say what a verifier would find: `subject@expiresAt`, with `@pattern,pattern` behind it
 * what they may see; anything else has expired.
 */
export const tokenVerifier: TokenVerifier = {
  verify(token) {
    const [subject, expiresAt, channels] = token.split('@');
    if (subject === undefined || expiresAt === undefined) {
      return Promise.resolve({ ok: false, problem: 'expired_token', detail: '`exp` has passed.' });
    }
    return Promise.resolve({
      ok: true,
      identity: identityOf({
        subject,
        expiresAt: Number(expiresAt),
        grant: grantOf(channels?.split(',')),
      }),
    });
  },
};

let spoken: string = JSON_PROTOCOL;
/** The subprotocol of clients that ask for none in particular. */
export function spokenProtocol(): string {
  return spoken;
}
/** Runs what follows in this test file over another subprotocol. */
export function speak(protocol: string): void {
  spoken = protocol;
}

/** One client: what it sends and what it has read. */
export class TestClient {
  readonly socket: MemorySocket;
  readonly received: ServerMessage[] = [];
  /** Size of all frames that were read. */
  receivedBytes = 0;
  readonly #dialect: Dialect;

  constructor(socket: MemorySocket, dialect: Dialect) {
    this.socket = socket;
    this.#dialect = dialect;
  }

  send(message: object): void {
    const frame = this.#dialect.write(message);
    if (typeof frame === 'string') this.sendText(frame);
    else this.sendBytes(frame, true);
  }

  sendText(text: string): void {
    this.sendBytes(new TextEncoder().encode(text), false);
  }

  sendBytes(bytes: Uint8Array, isBinary: boolean): void {
    this.socket.events?.message(bytes, isBinary);
  }

  /** Reads everything, or up to `count` frames, and answers pings. @returns what was new */
  read(count = Infinity): ServerMessage[] {
    const fresh: ServerMessage[] = [];
    for (let left = count; left > 0 && this.socket.unreadItems > 0; left -= 1) {
      const frames = this.socket.read(1);
      for (const frame of frames) this.receivedBytes += frameBytes(frame);
      fresh.push(...frames.map((frame) => this.#dialect.read(frame)));
    }
    this.received.push(...fresh);
    return fresh;
  }

  /** Reads everything and keeps the messages of one type. */
  readOnly<Type extends ServerMessage['type']>(
    type: Type,
  ): Extract<ServerMessage, { type: Type }>[] {
    return this.read().filter(
      (message): message is Extract<ServerMessage, { type: Type }> => message.type === type,
    );
  }
}

export interface WorldOptions {
  readonly verifier?: TokenVerifier;
  readonly flushesLate?: boolean;
  readonly stalls?: LoopStalls;
  readonly tracing?: Tracing;
  /** Of every plan. */
  readonly limits?: Partial<PlanLimits>;
}

/** A gateway without a network: sessions between channels and sockets in memory, turn by turn. */
export class World {
  readonly directory: MemoryDirectory;
  readonly broadcaster = new MemoryBroadcaster();
  readonly sessions: Sessions;
  readonly registry = new Registry();
  readonly hops: { hop: string; ms: number }[] = [];
  readonly faults: object[] = [];
  /** The codec's encodes by message type. */
  readonly encoded = new Map<string, number>();
  /** Subjects whose tokens are revoked. */
  readonly revoked = new Set<string>();
  now = START_TIME;
  #deferred: (() => void)[] = [];
  readonly #codecs: readonly Codec[];
  readonly #announced = new Map<string, string>();
  readonly #guarded: Broadcaster;
  readonly #flushesLate: boolean;

  constructor(
    channels: readonly MemoryChannel[],
    settings: Partial<SessionSettings> = {},
    {
      verifier = tokenVerifier,
      flushesLate = false,
      stalls,
      tracing,
      limits = {},
    }: WorldOptions = {},
  ) {
    this.#flushesLate = flushesLate;
    this.#codecs = createCodecs();
    this.directory = new MemoryDirectory(channels);
    this.sessions = createSessions({
      directory: this.directory,
      codecs: this.#codecs.map((codec) => ({
        ...codec,
        encode: (message, audience) => {
          this.encoded.set(message.type, (this.encoded.get(message.type) ?? 0) + 1);
          return codec.encode(message, audience);
        },
      })),
      authenticator: tokenAuthenticator(verifier),
      isRevoked: (identity) => this.revoked.has(identity.subject),
      limits: sessionLimits(limits),
      clock: { now: () => this.now },
      source: 'simulator',
      gatewayId: 'g1',
      settings: { ...DEFAULT_SESSION_SETTINGS, ...settings },
      metrics: new SessionMetrics(this.registry, new SentMetrics(this.registry)),
      hops: { observe: (hop, ms) => this.hops.push({ hop, ms }) },
      ...(stalls === undefined ? {} : { stalls }),
      ...(tracing === undefined ? {} : { tracing }),
      log: { debug: () => undefined, error: (fields) => this.faults.push(fields) },
      defer: (task) => this.#deferred.push(task),
    });
    this.#guarded = this.sessions.guardBroadcaster(this.broadcaster);
    this.endTurn();
    this.sessions.tick(this.now);
  }

  connect(
    options: {
      identity?: Identity;
      initial?: SessionRequest['initial'];
      bounds?: SocketBounds;
      protocol?: string;
    } = {},
  ): TestClient {
    const socket = new MemorySocket(this.broadcaster, options.bounds ?? WIDE);
    const protocol = options.protocol ?? spoken;
    const identity = options.identity ?? identityOf({ expiresAt: this.now + 3_600_000 });
    socket.events = this.sessions.open(socket, {
      identity,
      protocol,
      ...(options.initial === undefined ? {} : { initial: options.initial }),
    });
    return new TestClient(socket, createDialect(protocol));
  }

  /** What the hub does with a message or a snapshot: encode once for each encoding, publish. */
  publish(channel: MemoryChannel, message: ServerMessage): void {
    for (const codec of this.#codecs) {
      const topic = topicOf(channel.channel.name, codec.protocol);
      if (this.#guarded.subscribers(topic) === 0) continue;
      // The first candle of an epoch names it to those without a snapshot of it.
      const epoch = message.type === 'candle' ? message.epoch : null;
      const knowsEpoch = epoch !== null && this.#announced.get(topic) === epoch;
      if (epoch !== null) this.#announced.set(topic, epoch);
      this.#guarded.publish(topic, codec.encode(message, { knowsEpoch }));
    }
  }

  /**
   * The turn of the event loop ends: deferred tasks run, views settle, batches are written. With
   * `flushesLate` the batches come last and views settle a turn later, as uWebSockets.js and the hub
   * have it; otherwise first.
   */
  endTurn(): void {
    if (!this.#flushesLate) this.broadcaster.flush();
    for (const channel of this.directory.all()) channel.settle(this.#flushesLate);
    const tasks = this.#deferred;
    this.#deferred = [];
    for (const task of tasks) task();
    this.broadcaster.flush();
  }

  /** Lets deferred work come to rest. */
  endTurns(): void {
    do this.endTurn();
    while (this.#deferred.length > 0);
  }

  /** Time passes in small steps, with the sessions' timer; `readers` read all the while. */
  pass(ms: number, ...readers: TestClient[]): void {
    for (let left = ms; left > 0; left -= STEP_MS) {
      this.now += Math.min(STEP_MS, left);
      this.sessions.tick(this.now);
      this.endTurn();
      for (const client of readers) client.read();
    }
  }

  async metric(name: string): Promise<string[]> {
    const text = await this.registry.getSingleMetricAsString(name);
    return text.split('\n').filter((line) => !line.startsWith('#'));
  }
}
