import type { Span } from '../../tracing/tracing.ts';
import type { ChannelView } from '../channel-view.ts';
import type { Frame, Transport } from '../transport.ts';
import {
  ChannelDelivery,
  type DeliveryRequest,
  type ReplayKind,
  type ReplayPart,
} from './channel-delivery.ts';
import type { PendingLeaves } from './pending-leaves.ts';

/** Why a socket leaves the fast path; `simulated`: its own client has asked for it. */
export type LagCause = 'dropped' | 'late_pong' | 'simulated';

export interface DeliveryLimits {
  /** Closed candles in one part of a replay. */
  readonly maxPartCandles: number;
  /** Candles replayed to one socket before others get their turn. */
  readonly maxTurnCandles: number;
  /** Replays go on while the socket's buffer is not above this. */
  readonly lowWaterBytes: number;
}

/** What the delivery of one socket needs from around it; shared by all sockets of one encoding. */
export interface DeliveryEnvironment {
  readonly limits: DeliveryLimits;
  topic(view: ChannelView): string;
  encode(view: ChannelView, part: ReplayPart): Frame;
  /** Runs the task in a later turn of the event loop, outside of any publish. */
  defer(task: () => void): void;
  readonly leaves: PendingLeaves;
  onLagging(cause: LagCause): void;
  onLagEnded(): void;
  /** The transport took a part of a replay. */
  onSent(frame: Frame): void;
  /** Begins to trace the replay for a client that was slow; null when it is not traced. */
  startCatchUp(view: ChannelView): Span | null;
  onReplayed(kind: ReplayKind, candles: number): void;
  /** A client that had been slow caught up, without so many updates of the open candle. */
  onConflated(updates: number): void;
}

/** Who owns the socket. */
export interface DeliveryOwner {
  /** Candles that the client had asked for were sent, as a snapshot or a resume. */
  sentAsAsked(candles: number): void;
  /** Nothing is owed any more. */
  caughtUp(): void;
  /** History no longer holds what is owed: the client must come back with `since`. */
  fellBehind(): void;
}

/** @param failure why it ended before its last part; absent when it did not */
function endReplay(channel: ChannelDelivery, failure?: string): void {
  const span = channel.replaySpan;
  if (span === null) return;
  channel.replaySpan = null;
  if (failure !== undefined) span.fail(failure);
  span.end();
}

/**
 * Delivery to one socket: which of its channels are on the fast path, and the replay of what the
 * others are owed. It keeps no messages, only a position per channel (delivery rules 12 to 14:
 * see the comments).
 */
export class SocketDelivery {
  readonly #transport: Transport;
  readonly #environment: DeliveryEnvironment;
  readonly #owner: DeliveryOwner;
  /** Few in number, so a list is smaller than a map and quick enough. */
  readonly #channels: ChannelDelivery[] = [];
  /** Where the next replayed part is looked for, so that channels take turns. */
  #cursor = 0;
  /** Something was dropped in this turn: the topics are left as soon as that is allowed. */
  #mustLeave = false;
  #awaitsPong = false;
  #isHeld = false;
  #isLagging = false;
  #isDeferred = false;
  #isClosed = false;

  constructor(transport: Transport, environment: DeliveryEnvironment, owner: DeliveryOwner) {
    this.#transport = transport;
    this.#environment = environment;
    this.#owner = owner;
  }

  /** The channels that the socket holds, in order of subscription. */
  get channels(): readonly ChannelDelivery[] {
    return this.#channels;
  }

  get isLagging(): boolean {
    return this.#isLagging;
  }

  /** Whether a channel is owed something, so that the client's state is behind `head()`. */
  get isOwing(): boolean {
    return this.#channels.some((channel) => channel.isReady());
  }

  /** Whether a channel waits for the gateway's first history, and the socket is open. */
  get isWaiting(): boolean {
    return !this.#isClosed && this.#channels.some((channel) => channel.phase === 'waiting');
  }

  find(view: ChannelView): ChannelDelivery | undefined {
    return this.#channels.find((channel) => channel.view === view);
  }

  /** Registers a subscription, new or repeated; `pump` sends what it asks for. */
  subscribe(
    view: ChannelView,
    request: DeliveryRequest,
    span: Span | null = null,
  ): ReturnType<ChannelDelivery['begin']> {
    let channel = this.find(view);
    if (channel === undefined) {
      channel = new ChannelDelivery(view);
      this.#channels.push(channel);
    } else {
      this.#leave(channel);
    }
    endReplay(channel, 'subscribed again');
    channel.replaySpan = span?.child(`replay ${view.channel.name}`) ?? null;
    return channel.begin(request);
  }

  /** @returns false when the channel was not subscribed */
  unsubscribe(view: ChannelView): boolean {
    const index = this.#channels.findIndex((channel) => channel.view === view);
    const channel = this.#channels[index];
    if (channel === undefined) return false;
    this.#channels.splice(index, 1);
    endReplay(channel, 'unsubscribed');
    this.#leave(channel);
    this.#endLagIfCaughtUp();
    return true;
  }

  /**
   * A published frame was dropped. This undercounts over all topics of the socket: after the first
   * drop the rest of a batch goes silently. So all of them fall back to what was certain before this
   * turn. Runs inside the server's publish: the transport is not touched.
   */
  dropped(): void {
    if (this.#isClosed) return;
    this.#suspend('dropped');
    if (this.#mustLeave) return;
    this.#mustLeave = true;
    this.#environment.leaves.add(this);
  }

  /** Leaves the topics after a drop, if that has not happened yet. Not inside a publish. */
  settleDrop(): void {
    if (!this.#mustLeave || this.#isClosed) return;
    this.#mustLeave = false;
    for (const channel of this.#channels) {
      if (channel.phase !== 'live') this.#leave(channel);
    }
  }

  /** A pong is late: the kernel holds more for this client than the buffer shows. */
  suspendUntilPong(): void {
    this.#awaitsPong = true;
    this.#suspend('late_pong');
    for (const channel of this.#channels) this.#leave(channel);
  }

  /** The late pong came. `pump` does the rest. */
  pongArrived(): void {
    this.#awaitsPong = false;
  }

  get awaitsPong(): boolean {
    return this.#awaitsPong;
  }

  /** Takes the socket off the fast path, as if it took nothing more, until `release`. */
  hold(): void {
    if (this.#isClosed) return;
    this.#isHeld = true;
    this.#suspend('simulated');
    for (const channel of this.#channels) this.#leave(channel);
  }

  /** Ends a `hold`. `pump` does the rest. */
  release(): void {
    this.#isHeld = false;
  }

  /** Whether history no longer holds what is owed: the client must come back with `since`. */
  isLost(): boolean {
    return this.#channels.some((channel) => channel.isLost());
  }

  close(): void {
    this.#isClosed = true;
    for (const channel of this.#channels) endReplay(channel, 'closed');
    if (this.#isLagging) this.#environment.onLagEnded();
    this.#isLagging = false;
  }

  /**
   * Sends what is owed as far as the socket takes it, one part per channel in turn, and joins each
   * channel's topic in the same synchronous turn in which its last part was taken, for publish, send
   * and join keep their order within a turn. Stops when the buffer fills; its drain calls again.
   */
  pump(): void {
    let budget = this.#environment.limits.maxTurnCandles;
    while (this.#maySend()) {
      if (budget <= 0) {
        this.#pumpLater();
        return;
      }
      const channel = this.#takeTurn();
      if (channel === undefined) {
        this.#endLagIfCaughtUp();
        if (!this.isOwing) this.#owner.caughtUp();
        return;
      }
      const sent = this.#advance(channel);
      if (sent === undefined) return;
      budget -= sent;
    }
  }

  /** @returns how many candles were sent, or undefined when the replay cannot go on now */
  #advance(channel: ChannelDelivery): number | undefined {
    const environment = this.#environment;
    const next = channel.next(environment.limits.maxPartCandles);
    switch (next.step) {
      case 'wait':
        return undefined;
      case 'lost':
        this.#owner.fellBehind();
        return undefined;
      case 'join':
        this.#join(channel);
        return 0;
      case 'send': {
        const { part } = next;
        const frame = environment.encode(channel.view, part);
        if (this.#transport.send(frame) === 'dropped') return undefined;
        environment.onSent(frame);
        if (part.kind !== 'catch_up') this.#owner.sentAsAsked(part.candles.length);
        const total = channel.accepted(part);
        if (total !== undefined) {
          environment.onReplayed(part.kind, total);
          channel.replaySpan?.set({
            'candlegate.replay.kind': part.kind,
            'candlegate.replay.candles': total,
          });
          endReplay(channel);
          const conflated = channel.takeConflated(part);
          if (conflated > 0) environment.onConflated(conflated);
          // The send may have flushed published frames before it, and one of them was dropped.
          if (!this.#mustLeave) this.#join(channel);
        }
        // An empty part costs a message too.
        return part.candles.length + 1;
      }
    }
  }

  #maySend(): boolean {
    return (
      !this.#isClosed &&
      !this.#mustLeave &&
      !this.#awaitsPong &&
      !this.#isHeld &&
      this.#transport.bufferedBytes() <= this.#environment.limits.lowWaterBytes
    );
  }

  /** The next channel in turn that is owed something. */
  #takeTurn(): ChannelDelivery | undefined {
    const count = this.#channels.length;
    for (let step = 0; step < count; step += 1) {
      const index = (this.#cursor + step) % count;
      const channel = this.#channels[index];
      if (channel?.isReady() === true) {
        this.#cursor = (index + 1) % count;
        return channel;
      }
    }
    return undefined;
  }

  #pumpLater(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#environment.defer(() => {
      this.#isDeferred = false;
      this.pump();
    });
  }

  #suspend(cause: LagCause): void {
    for (const channel of this.#channels) channel.suspend();
    if (this.#isLagging) return;
    for (const channel of this.#channels) {
      channel.replaySpan ??= this.#environment.startCatchUp(channel.view);
    }
    this.#isLagging = true;
    this.#environment.onLagging(cause);
  }

  #endLagIfCaughtUp(): void {
    if (!this.#isLagging || this.#awaitsPong || this.#isHeld) return;
    if (this.#mustLeave || this.isOwing) return;
    this.#isLagging = false;
    this.#environment.onLagEnded();
  }

  /** State first: joining and leaving may flush published frames, and report a drop of one. */
  #join(channel: ChannelDelivery): void {
    channel.join();
    this.#transport.join(this.#environment.topic(channel.view));
  }

  #leave(channel: ChannelDelivery): void {
    if (!channel.joined) return;
    channel.joined = false;
    this.#transport.leave(this.#environment.topic(channel.view));
  }
}
