import type {
  Broadcaster,
  Frame,
  SendOutcome,
  SocketEvents,
  Transport,
} from '../../../src/gateway/transport.ts';
import type { Random } from '../random.ts';
import { Pipe, type Latency } from '../time/pipe.ts';
import type { VirtualProcess } from '../time/virtual-process.ts';

export interface SocketBounds {
  /** What the kernels take of a client that does not read. */
  readonly kernelBytes: number;
  /** Bound of the server's own buffer; it overshoots by one message. */
  readonly bufferBytes: number;
}

type Item = { readonly frame: Frame } | { readonly ping: string } | { readonly close: number };

type Upward = { readonly message: Frame } | { readonly pong: string };

/** The client's end of the connection. */
export interface ClientEnd {
  onFrame(frame: Frame): void;
  onClosed(code: number): void;
  /** How long the client takes for one item; null while it does not read. */
  readingMs(): number | null;
}

export interface SimulatedSocketDeps {
  readonly server: VirtualProcess;
  readonly client: VirtualProcess;
  readonly clientEnd: ClientEnd;
  readonly random: Random;
  readonly latency: () => Latency;
  readonly bounds: SocketBounds;
}

const CONTROL_BYTES = 20;

function sizeOf(item: Item): number {
  return 'frame' in item ? item.frame.length : CONTROL_BYTES;
}

/**
 * A WebSocket between a gateway and a client, from the gateway's buffer through the kernels' to the
 * client's hands. On the gateway's side it behaves as uWebSockets.js was measured to: published frames
 * are batched until the turn ends or something is sent, and after the first drop the rest of a batch
 * goes silently.
 */
export class SimulatedSocket implements Transport {
  readonly topics = new Set<string>();
  readonly #deps: SimulatedSocketDeps;
  readonly #broadcaster: SimulatedBroadcaster;
  readonly #up: Pipe<Upward>;
  readonly #kernel: Item[] = [];
  readonly #buffer: Item[] = [];
  #kernelBytes = 0;
  #bufferBytes = 0;
  #batch: Frame[] = [];
  #events: SocketEvents | null = null;
  #isInPublish = false;
  /** The gateway's side is closed. */
  #isClosed = false;
  /** The client's side is. */
  #isGone = false;
  #isReading = false;
  #isWritable = false;

  constructor(broadcaster: SimulatedBroadcaster, deps: SimulatedSocketDeps) {
    this.#broadcaster = broadcaster;
    this.#deps = deps;
    const { server, random, latency } = deps;
    this.#up = new Pipe(server, random, latency, (items) => {
      for (const item of items) this.#receive(item);
    });
    broadcaster.sockets.add(this);
  }

  /** The session that listens to this socket. */
  attach(events: SocketEvents): void {
    this.#events = events;
    if (this.#isClosed) events.closed(1006);
  }

  // The gateway's side.

  send(frame: Frame): SendOutcome {
    this.#refuseInPublish('send');
    if (this.#isClosed) return 'dropped';
    this.flush();
    return this.#write({ frame });
  }

  close(code: number): void {
    this.#refuseInPublish('close');
    if (this.#isClosed) return;
    this.flush();
    this.#push({ close: code });
    this.#endServerSide(code);
  }

  abort(): void {
    this.#refuseInPublish('abort');
    if (this.#isClosed) return;
    this.#buffer.length = 0;
    this.#bufferBytes = 0;
    this.#push({ close: 1006 });
    this.#endServerSide(1006);
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
    return this.#bufferBytes;
  }

  /** A published frame; written later, as one batch. */
  batch(frame: Frame): void {
    this.#batch.push(frame);
  }

  flush(): void {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    for (const frame of batch) {
      if (this.#write({ frame }) !== 'dropped') continue;
      this.#isInPublish = true;
      this.#events?.dropped();
      this.#isInPublish = false;
      return;
    }
  }

  /** The gateway's process has ended: what it had not handed to the kernel is lost. */
  serverEnded(): void {
    this.#isClosed = true;
    this.#buffer.length = 0;
    this.#bufferBytes = 0;
    // A reset may also throw away what the client has not read.
    if (this.#deps.random.chance(0.5)) this.#kernel.length = 0;
    this.#kernel.push({ close: 1006 });
    this.#read();
  }

  // The client's side.

  sendUp(message: Frame): void {
    if (!this.#isGone) this.#up.send({ message });
  }

  /** The client ends the connection, or the network does; the gateway notices after `noticedMs`. */
  leaveServer(noticedMs: number): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#up.close();
    this.#deps.server.after(noticedMs, () => this.#endServerSide(1006));
  }

  /** The client may be reading again. */
  resume(): void {
    this.#read();
  }

  #receive(item: Upward): void {
    if (this.#isClosed) return;
    if ('pong' in item) this.#events?.pong(item.pong);
    else {
      const { message } = item;
      const isText = typeof message === 'string';
      this.#events?.message(isText ? new TextEncoder().encode(message) : message, !isText);
    }
  }

  #endServerSide(code: number): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.topics.clear();
    this.#broadcaster.sockets.delete(this);
    this.#events?.closed(code);
  }

  #write(item: Item): SendOutcome {
    if (this.#isClosed || this.#bufferBytes > this.#deps.bounds.bufferBytes) return 'dropped';
    this.#push(item);
    return this.#buffer.length === 0 ? 'sent' : 'buffered';
  }

  #push(item: Item): void {
    this.#buffer.push(item);
    this.#bufferBytes += sizeOf(item);
    this.#fillKernel();
  }

  #fillKernel(): void {
    let item = this.#buffer[0];
    while (item !== undefined && this.#kernelBytes < this.#deps.bounds.kernelBytes) {
      this.#buffer.shift();
      const size = sizeOf(item);
      this.#bufferBytes -= size;
      this.#kernelBytes += size;
      this.#kernel.push(item);
      item = this.#buffer[0];
    }
    this.#read();
  }

  /** The client reads item after item, each after its time. */
  #read(): void {
    const { client, clientEnd, random, latency } = this.#deps;
    const readingMs = clientEnd.readingMs();
    if (this.#isReading || this.#isGone || readingMs === null || this.#kernel.length === 0) return;
    this.#isReading = true;
    const { minMs, meanExtraMs } = latency();
    client.after(minMs + random.exponential(meanExtraMs) + readingMs, () => {
      this.#isReading = false;
      if (this.#isGone || clientEnd.readingMs() === null) return;
      // What came meanwhile is read at one go by a client that is quick.
      const items = this.#kernel.splice(0, readingMs > 0 ? 1 : this.#kernel.length);
      for (const item of items) this.#kernelBytes -= sizeOf(item);
      this.#becomeWritable();
      for (const item of items) this.#deliver(item);
      this.#read();
    });
  }

  #deliver(item: Item): void {
    if (this.#isGone) return;
    if ('frame' in item) this.#deps.clientEnd.onFrame(item.frame);
    else if ('ping' in item) this.#up.send({ pong: item.ping });
    else {
      this.#isGone = true;
      this.#up.close();
      this.#deps.clientEnd.onClosed(item.close);
    }
  }

  /** The gateway's server writes on when its event loop comes to it. */
  #becomeWritable(): void {
    if (this.#isWritable || this.#buffer.length === 0) return;
    this.#isWritable = true;
    this.#deps.server.after(0.1, () => {
      this.#isWritable = false;
      const before = this.#bufferBytes;
      this.#fillKernel();
      if (!this.#isClosed && this.#bufferBytes < before) this.#events?.drained();
      else if (this.#isClosed) this.#becomeWritable();
    });
  }

  #refuseInPublish(what: string): void {
    if (this.#isInPublish) throw new Error(`${what} was called inside a publish`);
  }
}

/** All sockets of one gateway. */
export class SimulatedBroadcaster implements Broadcaster {
  readonly sockets = new Set<SimulatedSocket>();
  readonly #process: VirtualProcess;
  readonly #random: Random;
  #isFlushing = false;

  constructor(process: VirtualProcess, random: Random) {
    this.#process = process;
    this.#random = random;
  }

  publish(topic: string, frame: Frame): void {
    for (const socket of this.sockets) {
      if (socket.topics.has(topic)) socket.batch(frame);
    }
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    // Nobody promises whether the server writes before or after Node's immediates of the same turn.
    this.#process.endTurn(this.#random.chance(0.5) ? 'before' : 'after', () => {
      this.#isFlushing = false;
      for (const socket of [...this.sockets]) socket.flush();
    });
  }

  subscribers(topic: string): number {
    let count = 0;
    for (const socket of this.sockets) if (socket.topics.has(topic)) count += 1;
    return count;
  }
}
