import { RedisUnavailableError } from '../../../src/redis/unavailable-error.ts';
import type { Random } from '../random.ts';
import type { Task } from '../time/scheduler.ts';
import type { VirtualProcess } from '../time/virtual-process.ts';
import type { RedisNetwork } from './redis-network.ts';
import type { RedisServer } from './redis-server.ts';
import type { RedisSocket } from './redis-socket.ts';

export interface RedisConnectionDeps {
  readonly process: VirtualProcess;
  readonly network: RedisNetwork;
  readonly random: Random;
  readonly onReady?: () => void;
  readonly onMessages?: (messages: readonly unknown[]) => void;
}

/** As the real connections are set. */
const COMMAND_TIMEOUT_MS = 1_000;
const CONNECT_TIMEOUT_MS = 2_000;
const FIRST_RETRY_MS = 25;
const MAX_RETRY_MS = 2_000;

interface Waiting {
  readonly timeout: Task;
  readonly begin: () => void;
}

/**
 * What the client library does for one connection: connects for ever, waits a bounded time for the
 * connection and then for the answer, sends nothing twice.
 */
export class RedisConnection {
  readonly #deps: RedisConnectionDeps;
  #socket: RedisSocket | null = null;
  #isReady = false;
  #attempt = 0;
  /** Commands that wait for a connection. */
  #waiting: Waiting[] = [];
  /** Fails the commands whose answers are due on this connection. */
  readonly #due = new Set<(why: string) => void>();
  #giveUp: Task | null = null;

  constructor(deps: RedisConnectionDeps) {
    this.#deps = deps;
    this.#connect();
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Rejects with `RedisUnavailableError`; the command may or may not have been carried out. */
  call<T>(command: (server: RedisServer, socket: RedisSocket) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => reject(new RedisUnavailableError(why));
      const begin = (): void => this.#send(command, resolve, fail);
      if (this.#isReady) {
        begin();
        return;
      }
      const timeout = this.#deps.process.after(COMMAND_TIMEOUT_MS, () => {
        this.#waiting = this.#waiting.filter((each) => each !== waiting);
        fail('no connection');
      });
      const waiting: Waiting = { timeout, begin };
      this.#waiting.push(waiting);
    });
  }

  /** Gives the connection up and makes another. */
  reconnect(): void {
    this.#lose();
  }

  #send<T>(
    command: (server: RedisServer, socket: RedisSocket) => T,
    resolve: (result: T) => void,
    fail: (why: string) => void,
  ): void {
    const socket = this.#socket;
    if (socket === null) {
      fail('no connection');
      return;
    }
    const { process } = this.#deps;
    const settle = (): void => {
      timeout.run = null;
      this.#due.delete(lost);
    };
    const lost = (why: string): void => {
      settle();
      fail(why);
    };
    const timeout = process.after(COMMAND_TIMEOUT_MS, () => {
      lost('no answer');
      // A connection on which nothing is answered is given up.
      this.#giveUp ??= process.after(COMMAND_TIMEOUT_MS, () => {
        if (this.#socket === socket) this.#lose();
      });
    });
    this.#due.add(lost);
    socket.command(
      () => command(socket.server, socket),
      (result) => {
        this.#cancelGiveUp();
        settle();
        resolve(result);
      },
    );
  }

  #connect(): void {
    const { process, network, random } = this.#deps;
    const socket = network.connect(process, {
      onMessages: (messages) => this.#deps.onMessages?.(messages),
      onClosed: () => {
        if (this.#socket === socket) this.#lose();
      },
    });
    if (socket === 'refused' || socket === null) {
      process.after(socket === null ? CONNECT_TIMEOUT_MS : random.between(0.2, 2), () =>
        this.#retry(),
      );
      return;
    }
    this.#socket = socket;
    const timeout = process.after(CONNECT_TIMEOUT_MS, () => {
      if (this.#socket === socket) this.#lose();
    });
    socket.command(
      () => undefined,
      () => {
        timeout.run = null;
        if (this.#socket === socket) this.#ready();
      },
    );
  }

  #ready(): void {
    this.#isReady = true;
    this.#attempt = 0;
    this.#deps.onReady?.();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { timeout, begin } of waiting) {
      timeout.run = null;
      begin();
    }
  }

  #lose(): void {
    const socket = this.#socket;
    if (socket === null) return;
    socket.close();
    this.#deps.network.forget(this.#deps.process, socket);
    this.#socket = null;
    this.#isReady = false;
    this.#cancelGiveUp();
    for (const lost of [...this.#due]) lost('the connection broke');
    this.#retry();
  }

  #retry(): void {
    const { process, random } = this.#deps;
    this.#attempt += 1;
    const ceiling = Math.min(FIRST_RETRY_MS * 2 ** this.#attempt, MAX_RETRY_MS);
    const delayMs = FIRST_RETRY_MS + random.next() * (ceiling - FIRST_RETRY_MS);
    process.after(delayMs, () => this.#connect());
  }

  #cancelGiveUp(): void {
    if (this.#giveUp !== null) this.#giveUp.run = null;
    this.#giveUp = null;
  }
}
