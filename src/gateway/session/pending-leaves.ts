import type { Broadcaster } from '../transport.ts';

/** A socket that must leave its topics because something was dropped. */
export interface LeavingSocket {
  /** Leaves the topics now. */
  settleDrop(): void;
  /** Sends what is owed. */
  pump(): void;
}

/**
 * The sockets that were told of a drop and are still on their topics. They may not leave inside the
 * server's publish, so they leave in the next turn, or before the next publish if that comes first:
 * otherwise, if the buffer drains in between, a later close passes the one that was dropped, and the
 * client takes the dropped one for a repeat when it comes.
 */
export class PendingLeaves {
  readonly #defer: (task: () => void) => void;
  readonly #sockets = new Set<LeavingSocket>();

  /** @param defer runs a task in a later turn of the event loop, outside of any publish */
  constructor(defer: (task: () => void) => void) {
    this.#defer = defer;
  }

  add(socket: LeavingSocket): void {
    if (this.#sockets.size === 0) this.#defer(() => this.#settle());
    this.#sockets.add(socket);
  }

  /** The broadcaster that everything must be published through. */
  guard(broadcaster: Broadcaster): Broadcaster {
    return {
      publish: (topic, frame) => {
        if (this.#sockets.size > 0) for (const socket of this.#sockets) socket.settleDrop();
        broadcaster.publish(topic, frame);
      },
      subscribers: (topic) => broadcaster.subscribers(topic),
    };
  }

  #settle(): void {
    const sockets = [...this.#sockets];
    this.#sockets.clear();
    for (const socket of sockets) {
      socket.settleDrop();
      socket.pump();
    }
  }
}
