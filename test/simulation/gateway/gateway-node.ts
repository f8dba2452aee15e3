import type { Every } from '../../../src/time/every.ts';
import { parseChannel, type Channel, type ChannelName } from '../../../src/candle/channel.ts';
import type { ServerMessage } from '../../../src/candle/messages.ts';
import { ALL_CHANNELS } from '../../../src/gateway/auth/channel-grant.ts';
import { createAuthenticator } from '../../../src/gateway/auth/credential.ts';
import type { Codec } from '../../../src/gateway/codec/codec.ts';
import { DEFAULT_HUB_SETTINGS } from '../../../src/gateway/hub/hub-settings.ts';
import { Hub } from '../../../src/gateway/hub/hub.ts';
import {
  DEFAULT_SESSION_SETTINGS,
  type SessionSettings,
} from '../../../src/gateway/session/session-context.ts';
import { createSessions, type Sessions } from '../../../src/gateway/session/sessions.ts';
import { createCodecs } from '../../support/dialect.ts';
import { countingMetrics, type Count } from '../counting.ts';
import type { Random } from '../random.ts';
import { SimulatedSubscriber } from '../redis/simulated-subscriber.ts';
import type { RedisNetwork } from '../redis/redis-network.ts';
import type { Latency } from '../time/pipe.ts';
import type { Scheduler } from '../time/scheduler.ts';
import { VirtualProcess } from '../time/virtual-process.ts';
import {
  SimulatedBroadcaster,
  SimulatedSocket,
  type ClientEnd,
  type SocketBounds,
} from './simulated-socket.ts';
import { sessionLimits } from '../../support/limits.ts';

export interface GatewayNodeDeps {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly name: string;
  readonly clockSkewMs: number;
  readonly network: RedisNetwork;
  readonly count: Count;
  readonly channels: readonly Channel[];
  readonly historyDepth: number;
  readonly sessionSettings: Partial<SessionSettings>;
  readonly messageLoss: () => number;
  readonly clientLatency: () => Latency;
  readonly onFault: (what: string, facts: object) => void;
  /** The gateway encodes a `subscribed` that says `"recovered":false` of these channels. */
  readonly onUnrecovered: (request: string, channels: readonly ChannelName[]) => void;
}

export interface ConnectRequest {
  readonly client: VirtualProcess;
  readonly end: ClientEnd;
  readonly bounds: SocketBounds;
  /** The subprotocol that the client speaks. */
  readonly protocol: string;
  /** The path endpoint: subscribes at once. `request` names what was asked for in the logs. */
  readonly initial?: {
    readonly channel: ChannelName;
    readonly request: string;
    readonly since?: number;
    readonly snapshot?: number;
  };
}

/** Simulated clients never send `auth`. */
/** A timer shared by all of a real process would be shared by all simulated ones, and end with the first. */
const every: Every = (ms, run) => {
  const timer = setInterval(run, ms);
  return () => clearInterval(timer);
};

const NO_CREDENTIALS = createAuthenticator({});
const DRAIN_WINDOW_MS = 800;

/** A gateway process: the real hub and sessions, wired as the composition root does. Runs again and again. */
export class GatewayNode {
  readonly name: string;
  readonly #deps: GatewayNodeDeps;
  #process: VirtualProcess | null = null;
  #hub: Hub | null = null;
  #sessions: Sessions | null = null;
  #broadcaster: SimulatedBroadcaster | null = null;
  #isAccepting = false;
  /** The request whose answer on the path endpoint is being made. */
  #initialRequest: string | null = null;

  constructor(deps: GatewayNodeDeps) {
    this.#deps = deps;
    this.name = deps.name;
  }

  get process(): VirtualProcess | null {
    return this.#process;
  }
  get hub(): Hub | null {
    return this.#hub;
  }
  get isUp(): boolean {
    return this.#process !== null;
  }

  start(): void {
    if (this.#process !== null) return;
    const { scheduler, name, clockSkewMs } = this.#deps;
    const process = new VirtualProcess(scheduler, name, clockSkewMs);
    this.#process = process;
    process.after(0, () => this.#assemble(process));
  }

  kill(): void {
    const process = this.#process;
    if (process === null) return;
    process.kill();
    this.#deps.network.processEnded(process);
    for (const socket of this.#broadcaster?.sockets ?? []) socket.serverEnded();
    this.#process = null;
    this.#hub = null;
    this.#sessions = null;
    this.#broadcaster = null;
    this.#isAccepting = false;
  }

  /** SIGTERM: says goodbye to all, closes them one after the other, and ends. */
  drain(): void {
    const process = this.#process;
    process?.after(0, () => {
      const { random } = this.#deps;
      this.#isAccepting = false;
      const sessions = this.#sessions?.all() ?? [];
      for (const session of sessions) session.goingAway(random.int(0, 1_000));
      for (const session of sessions) {
        process.after(random.between(0, DRAIN_WINDOW_MS), () => session.close());
      }
      process.after(DRAIN_WINDOW_MS + 250, () => {
        if (this.#process === process) this.kill();
      });
    });
  }

  /** A client connects; called in this gateway's process. @returns null when it is refused */
  accept(request: ConnectRequest): SimulatedSocket | null {
    const broadcaster = this.#broadcaster;
    const process = this.#process;
    const sessions = this.#sessions;
    if (!this.#isAccepting || broadcaster === null || process === null || sessions === null) {
      return null;
    }
    const { random, clientLatency } = this.#deps;
    const socket = new SimulatedSocket(broadcaster, {
      server: process,
      client: request.client,
      clientEnd: request.end,
      random,
      latency: clientLatency,
      bounds: request.bounds,
    });
    const { initial } = request;
    const channel = initial === undefined ? null : parseChannel(initial.channel);
    if (typeof channel === 'string') throw new Error(`${channel} channel`);
    this.#initialRequest = initial?.request ?? null;
    const events = sessions.open(socket, {
      identity: {
        subject: request.client.name,
        expiresAt: Number.MAX_SAFE_INTEGER,
        issuedAt: 0,
        tokenId: null,
        keyId: null,
        plan: null,
        grant: ALL_CHANNELS,
      },
      protocol: request.protocol,
      ...(channel === null || initial === undefined
        ? {}
        : {
            initial: {
              channel,
              ...(initial.since === undefined ? {} : { since: initial.since }),
              ...(initial.snapshot === undefined ? {} : { snapshot: initial.snapshot }),
            },
          }),
    });
    this.#initialRequest = null;
    socket.attach(events);
    return socket;
  }

  #assemble(process: VirtualProcess): void {
    const { random, network, channels, historyDepth, messageLoss, onFault } = this.#deps;
    const clock = { now: process.now };
    const metrics = countingMetrics(this.#deps.count);
    const hops = metrics;
    const codecs = createCodecs().map((codec) => this.#observed(codec));
    const bus = new SimulatedSubscriber({ process, network, random, messageLoss });
    const raw = new SimulatedBroadcaster(process, random);
    const hub: Hub = new Hub({
      bus,
      channels,
      source: 'bybit',
      settings: { ...DEFAULT_HUB_SETTINGS, historyDepth },
      broadcaster: {
        publish: (topic, frame) => broadcaster.publish(topic, frame),
        subscribers: (topic) => broadcaster.subscribers(topic),
      },
      codecs,
      clock,
      hops,
      metrics,
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      every,
    });
    const sessions = createSessions({
      directory: hub,
      codecs,
      authenticator: NO_CREDENTIALS,
      isRevoked: () => false,
      limits: sessionLimits(),
      clock,
      source: 'bybit',
      gatewayId: process.name,
      settings: { ...DEFAULT_SESSION_SETTINGS, ...this.#deps.sessionSettings },
      metrics,
      hops,
      log: { debug: () => undefined, error: (facts, what) => onFault(what, facts) },
      defer: (task) => setImmediate(task),
      every,
    });
    const broadcaster = sessions.guardBroadcaster(raw);
    hub.onHole(({ name }) => sessions.closeForHole(name));
    this.#hub = hub;
    this.#sessions = sessions;
    this.#broadcaster = raw;
    this.#isAccepting = true;
    sessions.start();
    hub.start();
  }

  /** A real codec; what it encodes is looked at, and what is random in it taken out. */
  #observed(codec: Codec): Codec {
    return {
      ...codec,
      encode: (message, audience) => {
        this.#inspect(message);
        const isWelcome = message.type === 'welcome';
        return codec.encode(isWelcome ? { ...message, connection: 'c' } : message, audience);
      },
    };
  }

  #inspect(message: ServerMessage): void {
    if (message.type !== 'subscribed') return;
    const channels = message.channels.filter(({ recovered }) => recovered === false);
    const request = message.id ?? this.#initialRequest;
    if (channels.length === 0 || request === null) return;
    this.#deps.onUnrecovered(
      request,
      channels.map(({ channel }) => channel),
    );
  }
}
