import type { Random } from '../random.ts';
import type { Latency } from '../time/pipe.ts';
import type { VirtualProcess } from '../time/virtual-process.ts';
import type { RedisServer } from './redis-server.ts';
import { RedisSocket, type RedisSocketEvents } from './redis-socket.ts';

/** Between the processes and Redis: who reaches it, how quickly, and which server is the master. */
export class RedisNetwork {
  /** Null while none is up. */
  master: RedisServer | null = null;
  latency: Latency = { minMs: 0.2, meanExtraMs: 0.6 };
  readonly #random: Random;
  readonly #cutOff = new Set<string>();
  readonly #sockets = new Map<VirtualProcess, Set<RedisSocket>>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** @returns null when nothing answers there; `'refused'` when that is said at once */
  connect(owner: VirtualProcess, events: RedisSocketEvents): RedisSocket | 'refused' | null {
    if (this.#cutOff.has(owner.name)) return null;
    if (this.master === null) return 'refused';
    const socket = new RedisSocket(owner, this.master, this.#random, () => this.latency, events);
    const own = this.#sockets.get(owner) ?? new Set();
    this.#sockets.set(owner, own.add(socket));
    return socket;
  }

  /** The owner has closed the socket. What a cut-off kernel still holds goes out when it can. */
  forget(owner: VirtualProcess, socket: RedisSocket): void {
    if (!socket.isBlocked) this.#sockets.get(owner)?.delete(socket);
  }

  /** A process ended, and its connections with it. What it had sent may still be carried out. */
  processEnded(owner: VirtualProcess): void {
    const own = this.#sockets.get(owner) ?? new Set();
    for (const socket of own) {
      socket.close();
      this.forget(owner, socket);
    }
    if (own.size === 0) this.#sockets.delete(owner);
  }

  /** Nothing passes between the processes of this name and Redis. */
  cutOff(name: string): void {
    this.#cutOff.add(name);
    for (const socket of this.#of(name)) socket.block();
  }
  rejoin(name: string): void {
    this.#cutOff.delete(name);
    for (const [owner, own] of this.#sockets) {
      if (owner.name !== name) continue;
      for (const socket of own) {
        socket.unblock();
        if (socket.isClosed) own.delete(socket);
      }
    }
  }

  /** All connections of the processes of this name break. */
  breakConnections(name: string): void {
    for (const socket of this.#of(name)) socket.reset();
  }

  #of(name: string): RedisSocket[] {
    return [...this.#sockets].flatMap(([owner, own]) => (owner.name === name ? [...own] : []));
  }
}
