import { randomInt } from 'node:crypto';
import type { ChannelName } from '../../candle/channel.ts';
import { topicOf } from '../channel-view.ts';
import type { Codec } from '../codec/codec.ts';
import type { SessionFactory } from '../session-factory.ts';
import type { SessionContext, SessionDeps } from './session-context.ts';
import { SessionRegistry } from './session-registry.ts';
import { Session, visitsPerHeartbeat } from './session.ts';
import { SnapshotFrames } from './snapshot-frames.ts';

/** What a drain may do to an open session. */
export interface OpenSession {
  /** Tells the client that a close follows and how long to wait before reconnecting. */
  goingAway(reconnectDelayMs: number): void;
  /** Closes with 1001. */
  close(): void;
}

/** The client-facing half of a gateway. */
export interface Sessions extends SessionFactory {
  /** Starts the one timer of all sessions: heartbeats, pings, token expiry. */
  start(): void;
  /** Stops the timer; open sessions stay open. */
  stop(): void;
  /** What the timer does. @param now ms since 1970 */
  tick(now: number): void;
  /** How many sessions are open. */
  count(): number;
  /** A copy: sessions may close while it is walked. */
  all(): readonly OpenSession[];
  /** Closes every subscriber of a channel with 4001. Not to be called inside a publish. */
  closeForHole(channel: ChannelName): void;
}

/** A fault in one task must not end the process with all its connections. */
function guarded({ log }: SessionDeps, task: () => void): () => void {
  return () => {
    try {
      task();
    } catch (error) {
      log.error({ err: error }, 'a task of the sessions failed');
    }
  };
}

function createContext(deps: SessionDeps, codec: Codec): SessionContext {
  const { metrics } = deps;
  const frames = new SnapshotFrames(codec, deps.source);
  return {
    ...deps,
    codec,
    delivery: {
      limits: deps.settings,
      topic: (view) => topicOf(view.channel.name, codec.protocol),
      encode: (view, part) => frames.encode(view, part),
      defer: (task) => deps.defer(guarded(deps, task)),
      onLagging: (cause) => metrics.lagBegan(cause),
      onLagEnded: () => metrics.lagEnded(),
      onReplayed: (kind, candles) => metrics.replayed(kind, candles),
    },
  };
}

/** Makes the sessions of one gateway. Nothing runs before `start`. */
export function createSessions(deps: SessionDeps): Sessions {
  const contexts = new Map(
    deps.codecs.map((codec) => [codec.protocol, createContext(deps, codec)]),
  );
  const registry = new SessionRegistry<Session>({
    revolutionMs: deps.settings.heartbeatMs / visitsPerHeartbeat(deps.settings),
    pongTimeoutMs: deps.settings.pongTimeoutMs,
  });
  const tick = guarded(deps, () => registry.tick(deps.clock.now()));
  let timer: NodeJS.Timeout | null = null;
  // Counting from a random number: names of connections in logs hardly repeat across restarts.
  let connection = randomInt(2 ** 40);
  return {
    open(transport, { identity, protocol, initial }) {
      const context = contexts.get(protocol);
      if (context === undefined) throw new Error(`no codec for the subprotocol ${protocol}`);
      connection += 1;
      const session = new Session(context, registry, transport, identity, connection);
      session.open(initial);
      return session;
    },
    start() {
      timer ??= setInterval(tick, registry.tickMs);
    },
    stop() {
      if (timer !== null) clearInterval(timer);
      timer = null;
    },
    tick: (now) => registry.tick(now),
    count: () => registry.size,
    all: () => registry.all(),
    closeForHole(channel) {
      for (const session of registry.all()) {
        if (session.holds(channel)) session.closeForHole();
      }
    },
  };
}
