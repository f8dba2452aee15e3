import type {
  Broadcaster,
  Frame,
  SendOutcome,
  SocketEvents,
  Transport,
} from '../../../../src/gateway/transport.ts';

type Item = { readonly frame: Frame } | { readonly ping: string };

export interface SocketBounds {
  /** What the kernel takes of a client that does not read, in bytes. */
  readonly kernelBytes: number;
  /** Bound of the socket's own buffer, in bytes. Overshoot: one message, as with uWebSockets.js. */
  readonly bufferBytes: number;
}

const PING_BYTES = 20;

function sizeOf(item: Item): number {
  if ('ping' in item) return PING_BYTES;
  return typeof item.frame === 'string' ? Buffer.byteLength(item.frame) : item.frame.byteLength;
}

function sum(items: readonly Item[]): number {
  return items.reduce((total, item) => total + sizeOf(item), 0);
}

/**
 * A socket in memory that behaves as uWebSockets.js was measured to: published frames are batched
 * until the turn ends or something is sent, and after the first drop the rest of a batch goes
 * silently.
 */
export class MemorySocket implements Transport {
  readonly topics = new Set<string>();
  /** How `close` was called, if it was. */
  closedWith: { readonly code: number; readonly reason: string } | null = null;
  maxBufferedBytes = 0;
  largestFrameBytes = 0;
  events: SocketEvents | null = null;
  readonly #bounds: SocketBounds;
  readonly #broadcaster: MemoryBroadcaster;
  #kernel: Item[] = [];
  #buffer: Item[] = [];
  #batch: Frame[] = [];
  #isInPublish = false;
  #isClosed = false;

  constructor(broadcaster: MemoryBroadcaster, bounds: SocketBounds) {
    this.#broadcaster = broadcaster;
    this.#bounds = bounds;
    broadcaster.sockets.add(this);
  }

  send(frame: Frame): SendOutcome {
    this.#refuseInPublish('send');
    if (this.#isClosed) return 'dropped';
    this.flush();
    return this.#write({ frame });
  }

  close(code: number, reason: string): void {
    this.#refuseInPublish('close');
    if (this.#isClosed) return;
    this.flush();
    this.closedWith = { code, reason };
    this.end(code);
  }

  abort(): void {
    this.#refuseInPublish('abort');
    this.end(1006);
  }

  join(topic: string): void {
    this.#refuseInPublish('join');
    if (this.#isClosed) return;
    this.flush();
    this.topics.add(topic);
  }

  leave(topic: string): void {
    this.#refuseInPublish('leave');
    if (this.#isClosed) return;
    this.flush();
    this.topics.delete(topic);
  }

  ping(payload: string): void {
    this.#refuseInPublish('ping');
    if (!this.#isClosed) this.#write({ ping: payload });
  }

  bufferedBytes(): number {
    return sum(this.#buffer);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The connection ends, from whichever side. */
  end(code: number): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.topics.clear();
    this.#broadcaster.sockets.delete(this);
    this.events?.closed(code);
  }

  /** A published frame; written later, as one batch. */
  batch(frame: Frame): void {
    this.#batch.push(frame);
  }

  /** Writes the batch. */
  flush(): void {
    const batch = this.#batch;
    this.#batch = [];
    for (const frame of batch) {
      if (this.#write({ frame }) !== 'dropped') continue;
      this.#isInPublish = true;
      this.events?.dropped();
      this.#isInPublish = false;
      return;
    }
  }

  /**
   * The client reads up to `count` items; the pings among them are answered unless told otherwise.
   *
   * @param tellsDrain false: a write comes first and empties the buffer, which is no drain
   */
  read(count: number, answersPings = true, tellsDrain = true): Frame[] {
    const taken = this.#kernel.splice(0, count);
    const before = this.bufferedBytes();
    this.#fillKernel();
    for (const item of taken) {
      if ('ping' in item && answersPings) this.events?.pong(item.ping);
    }
    const isDrained = this.bufferedBytes() < before;
    if (tellsDrain && isDrained && !this.#isClosed) this.events?.drained();
    return taken.flatMap((item) => ('frame' in item ? [item.frame] : []));
  }

  get unreadItems(): number {
    return this.#kernel.length + this.#buffer.length;
  }

  #fillKernel(): void {
    while (this.#buffer[0] !== undefined && sum(this.#kernel) < this.#bounds.kernelBytes) {
      this.#kernel.push(...this.#buffer.splice(0, 1));
    }
  }

  #write(item: Item): SendOutcome {
    if (this.#isClosed || this.bufferedBytes() > this.#bounds.bufferBytes) return 'dropped';
    this.#buffer.push(item);
    this.#fillKernel();
    this.maxBufferedBytes = Math.max(this.maxBufferedBytes, this.bufferedBytes());
    this.largestFrameBytes = Math.max(this.largestFrameBytes, sizeOf(item));
    return this.#buffer.length === 0 ? 'sent' : 'buffered';
  }

  #refuseInPublish(what: string): void {
    if (this.#isInPublish) throw new Error(`${what} was called inside a publish`);
  }
}

export class MemoryBroadcaster implements Broadcaster {
  readonly sockets = new Set<MemorySocket>();

  publish(topic: string, frame: Frame): void {
    for (const socket of this.sockets) if (socket.topics.has(topic)) socket.batch(frame);
  }

  subscribers(topic: string): number {
    return [...this.sockets].filter((socket) => socket.topics.has(topic)).length;
  }

  flush(): void {
    for (const socket of [...this.sockets]) socket.flush();
  }
}
