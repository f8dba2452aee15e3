import { randomInt } from 'node:crypto';
import type { ChannelName } from '../../candle/channel.ts';
import { every } from '../../time/every.ts';
import { topicOf } from '../channel-view.ts';
import type { ConnectionBook, ConnectionFilter } from '../connection-book.ts';
import type { Codec } from '../codec/codec.ts';
import { frameBytes } from '../frame-bytes.ts';
import type { SessionFactory } from '../session-factory.ts';
import type { Broadcaster } from '../transport.ts';
import { leaveChannel } from './client-requests.ts';
import { PendingLeaves } from './pending-leaves.ts';
import type { SessionContext, SessionDeps } from './session-context.ts';
import { FaultSchedule, type SimulatedFaults } from './simulated-faults.ts';
import { SessionRegistry } from './session-registry.ts';
import { Session, visitsPerHeartbeat } from './session.ts';
import { SocketSamples } from './socket-samples.ts';
import { SnapshotFrames } from './snapshot-frames.ts';

/** What a drain may do to an open session. */
export interface OpenSession {
  /** Tells the client that a close follows and how long to wait before reconnecting. */
  goingAway(reconnectDelayMs: number): void;
  /** Closes with 1001. */
  close(): void;
}

/** The client-facing half of a gateway. */
export interface Sessions extends SessionFactory, ConnectionBook {
  /** Starts the one timer of all sessions: heartbeats, pings, token expiry. */
  start(): void;
  /** Stops the timer; open sessions stay open. */
  stop(): void;
  /** What the timer does. @param now ms since 1970 */
  tick(now: number): void;
  /** How many sessions are open. */
  count(): number;
  /** A candle was handed to the WebSocket server. @param at ms since 1970 */
  handedOver(channel: ChannelName, at: number): void;
  /** A copy: sessions may close while it is walked. */
  all(): readonly OpenSession[];
  /**
   * The broadcaster for whoever publishes to sessions: sockets that have to leave their topics after
   * a drop do so before anything else is published. Without it closes may come out of order.
   */
  guardBroadcaster(broadcaster: Broadcaster): Broadcaster;
  /** Takes a channel that is no longer served from its subscribers, with `error` and `unsubscribed`. */
  leave(channel: ChannelName): void;
  /**
   * Closes every subscriber of a channel with 4001. To be called in the turn in which the hole is
   * found and before any newer close is published: a client that sees a close from behind the hole
   * resumes behind the hole. (The hub reports holes between its publishes, where closing is allowed.)
   */
  closeForHole(channel: ChannelName): void;
  /** What a client may do to its own connections where prices are simulated. */
  readonly faults: SimulatedFaults;
  /**
   * Closes with 4403 whoever's credential has been revoked. It looks at every session, which for
   * 15,000 takes some 4 ms, and is called once for all revocations that came together.
   *
   * @returns how many were closed
   */
  closeRevoked(): number;
}

/** A fault in one task must not end the process with all its connections. */
function guarded({ log }: Pick<SessionDeps, 'log'>, task: () => void): () => void {
  return () => {
    try {
      task();
    } catch (error) {
      log.error({ err: error }, 'a task of the sessions failed');
    }
  };
}

function createContext(
  deps: SessionDeps,
  codec: Codec,
  defer: (task: () => void) => void,
  leaves: PendingLeaves,
  samples: SocketSamples,
): SessionContext {
  const { metrics } = deps;
  const frames = new SnapshotFrames(codec, deps.source);
  return {
    ...deps,
    codec,
    samples,
    delivery: {
      limits: deps.settings,
      topic: (view) => topicOf(view.channel.name, codec.protocol),
      encode: (view, part) => frames.encode(view, part),
      defer,
      leaves,
      onLagging: (cause) => metrics.lagBegan(cause),
      onLagEnded: () => metrics.lagEnded(),
      onSent: (frame) => metrics.messageSent('snapshot', codec.protocol, frameBytes(frame)),
      startCatchUp: (view) => deps.tracing?.start(`replay ${view.channel.name}`) ?? null,
      onReplayed: (kind, candles) => metrics.replayed(kind, candles),
      onConflated: (updates) => metrics.updatesConflated(updates),
    },
  };
}

/** Makes the sessions of one gateway. Nothing runs before `start`. */
export function createSessions(deps: SessionDeps): Sessions {
  const defer = (task: () => void): void => deps.defer(guarded(deps, task));
  const leaves = new PendingLeaves(defer);
  const samples = new SocketSamples({
    clock: deps.clock,
    defer,
    share: deps.settings.socketSampleShare,
    random: Math.random,
    observe: (ms) => deps.hops.observe('socket', ms),
  });
  const contexts = new Map(
    deps.codecs.map((codec) => [
      codec.protocol,
      createContext(deps, codec, defer, leaves, samples),
    ]),
  );
  const registry = new SessionRegistry<Session>({
    revolutionMs: deps.settings.heartbeatMs / visitsPerHeartbeat(deps.settings),
    pongTimeoutMs: deps.settings.pongTimeoutMs,
  });
  const matching = ({ subject, connection: name }: ConnectionFilter): Session[] =>
    registry
      .all()
      .filter(
        (session) =>
          (subject === undefined || session.identity.subject === subject) &&
          (name === undefined || session.number.toString(36) === name),
      )
      .sort((a, b) => a.number - b.number);
  const faults = new FaultSchedule<Session>(matching, () => deps.clock.now());
  const tickAt = (now: number): void => {
    registry.tick(now);
    faults.tick(now);
  };
  const tick = guarded(deps, () => tickAt(deps.clock.now()));
  let endTicks: (() => void) | undefined;
  // Counting from a random number: names of connections in logs hardly repeat across restarts.
  let connection = randomInt(2 ** 40);
  return {
    open(transport, { identity, address = null, protocol, initial }) {
      const context = contexts.get(protocol);
      if (context === undefined) throw new Error(`no codec for the subprotocol ${protocol}`);
      connection += 1;
      const session = new Session(context, registry, transport, identity, connection, address);
      session.open(initial);
      return session;
    },
    start() {
      endTicks ??= (deps.every ?? every)(registry.tickMs, tick);
    },
    stop() {
      endTicks?.();
      endTicks = undefined;
    },
    tick: tickAt,
    count: () => registry.size,
    handedOver: (channel, at) => samples.handedOver(channel, at),
    all: () => registry.all(),
    find: (filter) => matching(filter).map((session) => session.describe()),
    disconnect(filter) {
      const sessions = matching(filter);
      for (const { line } of sessions) line.end('disconnected');
      return sessions.length;
    },
    guardBroadcaster: (broadcaster) => leaves.guard(broadcaster),
    leave(channel) {
      for (const session of registry.all()) leaveChannel(session, channel);
    },
    closeForHole(channel) {
      for (const session of registry.all()) {
        if (session.holds(channel)) session.line.end('history_gap');
      }
    },
    faults,
    closeRevoked: () => registry.all().filter((session) => session.closeIfRevoked()).length,
  };
}
