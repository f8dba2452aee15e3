import type { ChannelName } from '../../candle/channel.ts';
import type { Clock } from '../../time/clock.ts';

/** Sockets that are watched at a time: enough to see the usual, too few to cost anything. */
const SEATS = 8;
/** Messages of one socket that wait to be taken by the kernel; more say nothing new. */
const MAX_WAITING = 64;

export interface SampledSocket {
  /** Set and read by `SocketSamples` alone. */
  sample: Sample | null;
  bufferedBytes(): number;
  /** Whether it gets the channel's messages by fan-out. */
  isLive(channel: ChannelName): boolean;
}

/** A socket that is watched, and when what its buffer still holds was handed over. */
export interface Sample {
  readonly socket: SampledSocket;
  readonly waiting: number[];
}

export interface SocketSamplesDeps {
  readonly clock: Clock;
  /** Runs a task in a later turn of the event loop, behind the writes of this one. */
  readonly defer: (task: () => void) => void;
  /** Of the messages, how many are watched: 1 for all. */
  readonly share: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** @param ms from the hand-over of a message until its socket's buffer was first empty */
  readonly observe: (ms: number) => void;
}

/**
 * How long sockets take to write what they are handed, on a few that take turns, for messages chosen at
 * random. A message costs the same however many sockets there are. One that is stuck is not left out: its messages count when it
 * has written them, or when it closes.
 */
export class SocketSamples {
  readonly #deps: SocketSamplesDeps;
  readonly #samples: Sample[] = [];
  /** What was handed over in this turn of the event loop. */
  #turn: { readonly channel: ChannelName; readonly at: number }[] = [];

  constructor(deps: SocketSamplesDeps) {
    this.#deps = deps;
  }

  /**
   * The socket may be watched from now on. Called when it opens and at each visit, so that all have
   * their turn.
   *
   * @param sockets how many there are
   */
  offer(socket: SampledSocket, sockets: number): void {
    if (socket.sample !== null) return;
    if (this.#samples.length < SEATS) {
      socket.sample = { socket, waiting: [] };
      this.#samples.push(socket.sample);
      return;
    }
    if (this.#deps.random() * sockets >= SEATS) return;
    const seat = Math.floor(this.#deps.random() * SEATS);
    const before = this.#samples[seat];
    if (before === undefined || before.waiting.length > 0) return;
    before.socket.sample = null;
    socket.sample = { socket, waiting: [] };
    this.#samples[seat] = socket.sample;
  }

  /** The socket has closed. */
  remove(socket: SampledSocket): void {
    const { sample } = socket;
    if (sample === null) return;
    this.#observe(sample);
    socket.sample = null;
    this.#samples.splice(this.#samples.indexOf(sample), 1);
  }

  /** A message was handed to the WebSocket server. @param at ms since 1970 */
  handedOver(channel: ChannelName, at: number): void {
    if (this.#samples.length === 0 || this.#deps.random() >= this.#deps.share) return;
    if (this.#turn.length === 0) this.#deps.defer(() => this.#settle());
    this.#turn.push({ channel, at });
  }

  /** The buffer of the socket has shrunk. */
  drained(sample: Sample): void {
    if (sample.waiting.length > 0 && sample.socket.bufferedBytes() === 0) this.#observe(sample);
  }

  /** Everything of the turn has been written as far as the kernel took it. */
  #settle(): void {
    const turn = this.#turn;
    this.#turn = [];
    for (const sample of this.#samples) {
      const { socket, waiting } = sample;
      for (const { channel, at } of turn) {
        if (waiting.length < MAX_WAITING && socket.isLive(channel)) waiting.push(at);
      }
      if (socket.bufferedBytes() === 0) this.#observe(sample);
    }
  }

  #observe({ waiting }: Sample): void {
    if (waiting.length === 0) return;
    const now = this.#deps.clock.now();
    for (const at of waiting) this.#deps.observe(now - at);
    waiting.length = 0;
  }
}
