import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * How a link is.
 *
 * - `open`: everything passes
 * - `cut`: connections are reset, and new ones at once
 * - `hung`: connections stay, new ones are taken, and nothing passes
 * - `delayed`: everything arrives so much later, in order
 * - `trickling`: so many bytes a second in each direction of each connection
 */
export type LinkState =
  | { readonly kind: 'open' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'hung' }
  | { readonly kind: 'delayed'; readonly ms: number }
  | { readonly kind: 'trickling'; readonly bytesPerSecond: number };

/** A link between two processes that can be spoilt. Listens on 127.0.0.1. */
export interface TcpProxy {
  readonly port: number;
  readonly state: LinkState;
  /** Number of connections that stand. */
  connections(): number;
  become(state: LinkState): void;
  /** Resets all connections and frees the port. */
  close(): Promise<void>;
}

/** More than this waiting in one direction stops reading there, so that a slow link is felt. */
const MAX_WAITING_BYTES = 65_536;
const TRICKLE_STEP_MS = 20;

/** @param target the port on 127.0.0.1 to connect to, asked for each new connection */
export async function startTcpProxy(target: () => number): Promise<TcpProxy> {
  let state: LinkState = { kind: 'open' };
  const links = new Set<Link>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    if (state.kind === 'cut') {
      reset(socket);
      return;
    }
    const link = new Link(socket, target(), state, () => links.delete(link));
    links.add(link);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const resetAll = () => {
    for (const link of [...links]) link.reset();
  };
  return {
    port: (server.address() as AddressInfo).port,
    get state() {
      return state;
    },
    connections: () => links.size,
    become(next) {
      state = next;
      if (next.kind === 'cut') resetAll();
      for (const link of links) link.become(next);
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      resetAll();
      await closed;
    },
  };
}

function reset(socket: Socket): void {
  // The other side may have been quicker, which is as good.
  socket.on('error', () => socket.destroy());
  socket.resetAndDestroy();
  // That alone would wait until everything is written.
  socket.destroy();
}

/** One connection: two sockets, and what is on its way in either direction. */
class Link {
  readonly #sockets: readonly [Socket, Socket];
  readonly #directions: readonly [Direction, Direction];

  constructor(near: Socket, port: number, state: LinkState, onEnd: () => void) {
    const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    near.setNoDelay(true);
    far.setNoDelay(true);
    this.#sockets = [near, far];
    this.#directions = [new Direction(near, far, state), new Direction(far, near, state)];
    let open = 2;
    for (const socket of this.#sockets) {
      socket.on('error', () => this.reset());
      socket.on('close', () => {
        open -= 1;
        if (open === 0) onEnd();
      });
    }
    near.resume();
  }

  become(state: LinkState): void {
    for (const direction of this.#directions) direction.become(state);
  }

  reset(): void {
    for (const direction of this.#directions) direction.stop();
    for (const socket of this.#sockets) reset(socket);
  }
}

interface Waiting {
  chunk: Buffer;
  readonly since: number;
}

/** What one side says to the other. */
class Direction {
  readonly #from: Socket;
  readonly #to: Socket;
  #state: LinkState;
  readonly #queue: Waiting[] = [];
  #waitingBytes = 0;
  #ended = false;
  #blocked = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, state: LinkState) {
    this.#from = from;
    this.#to = to;
    this.#state = state;
    from.on('data', (chunk: Buffer) => {
      this.#queue.push({ chunk, since: performance.now() });
      this.#waitingBytes += chunk.length;
      if (this.#waitingBytes > MAX_WAITING_BYTES) from.pause();
      this.#pump();
    });
    from.on('end', () => {
      this.#ended = true;
      this.#pump();
    });
    to.on('drain', () => {
      this.#blocked = false;
      this.#pump();
    });
  }

  become(state: LinkState): void {
    this.#state = state;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pump();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#queue.length = 0;
    this.#state = { kind: 'cut' };
  }

  #pump(): void {
    // A trickle is driven by its timer alone, or more chunks would mean more bytes.
    if (this.#timer !== undefined && this.#state.kind === 'trickling') return;
    let allowance = this.#allowance();
    for (;;) {
      const first = this.#queue[0];
      if (first === undefined || this.#blocked || allowance <= 0) break;
      if (this.#state.kind === 'delayed') {
        const leftMs = first.since + this.#state.ms - performance.now();
        if (leftMs > 0) {
          this.#later(leftMs);
          return;
        }
      }
      const part = first.chunk.subarray(0, allowance);
      allowance -= part.length;
      this.#waitingBytes -= part.length;
      if (part.length === first.chunk.length) this.#queue.shift();
      else first.chunk = first.chunk.subarray(part.length);
      this.#blocked = !this.#to.write(part);
    }
    if (this.#waitingBytes <= MAX_WAITING_BYTES) this.#from.resume();
    if (this.#queue.length > 0 && this.#state.kind === 'trickling') this.#later(TRICKLE_STEP_MS);
    const mayEnd = this.#ended && this.#queue.length === 0 && this.#state.kind !== 'hung';
    if (mayEnd && !this.#to.writableEnded) this.#to.end();
  }

  /** How many bytes may pass now. */
  #allowance(): number {
    switch (this.#state.kind) {
      case 'open':
      case 'delayed':
        return Infinity;
      case 'trickling':
        return Math.max(1, Math.round((this.#state.bytesPerSecond * TRICKLE_STEP_MS) / 1000));
      case 'cut':
      case 'hung':
        return 0;
    }
  }

  #later(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#pump();
    }, ms);
  }
}
