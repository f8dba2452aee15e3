import type { Random } from '../random.ts';
import { Pipe, type Latency } from '../time/pipe.ts';
import type { VirtualProcess } from '../time/virtual-process.ts';
import type { RedisServer } from './redis-server.ts';

/** What a server sends: the answer to a command, or a message to a subscriber. */
type Downward = { readonly answer: () => void } | { readonly message: unknown };

export interface RedisSocketEvents {
  onMessages(messages: readonly unknown[]): void;
  /** The connection is gone. */
  onClosed(): void;
}

/** One TCP connection of a process to one run of a server. */
export class RedisSocket {
  readonly server: RedisServer;
  /** The server sends it what is published. */
  isSubscribed = false;
  readonly #owner: VirtualProcess;
  readonly #events: RedisSocketEvents;
  readonly #up: Pipe<() => void>;
  readonly #down: Pipe<Downward>;
  #isClosed = false;
  #isBlocked = false;

  constructor(
    owner: VirtualProcess,
    server: RedisServer,
    random: Random,
    latency: () => Latency,
    events: RedisSocketEvents,
  ) {
    this.#owner = owner;
    this.server = server;
    this.#events = events;
    this.#up = new Pipe(server.process, random, latency, (commands) => {
      for (const command of commands) command();
    });
    this.#down = new Pipe(owner, random, latency, (items) => this.#receive(items));
    server.sockets.add(this);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** Runs a command on the server, and `onAnswer` with its result here. */
  command<T>(run: () => T, onAnswer: (result: T) => void): void {
    this.#up.send(() => {
      const result = run();
      this.#down.send({ answer: () => onAnswer(result) });
    });
  }

  /** The server publishes. */
  push(message: unknown): void {
    this.#down.send({ message });
  }

  block(): void {
    this.#isBlocked = true;
    this.#up.block();
    this.#down.block();
  }
  unblock(): void {
    this.#isBlocked = false;
    this.#up.unblock();
    this.#down.unblock();
  }

  /** This side gives the connection up. What was sent may still be carried out. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#down.close();
    this.server.sockets.delete(this);
  }

  /** The connection breaks: both ways lose what was under way, and this side is told unless it is cut off. */
  reset(): void {
    if (this.#isClosed) return;
    this.#up.close();
    this.#down.close();
    this.server.sockets.delete(this);
    if (this.#isBlocked) return;
    this.#owner.after(1, () => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      this.#events.onClosed();
    });
  }

  #receive(items: readonly Downward[]): void {
    const messages: unknown[] = [];
    for (const item of items) {
      if ('answer' in item) item.answer();
      else messages.push(item.message);
    }
    if (messages.length > 0) this.#events.onMessages(messages);
  }
}
