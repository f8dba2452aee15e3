import type { ConnectionFilter } from '../connection-book.ts';
import type { ClientLine } from './client-line.ts';
import type { SocketDelivery } from './socket-delivery.ts';

/**
 * Faults that a client brings upon its own connections, so that it can watch what the delivery
 * contract makes of them. Each answers how many connections it met.
 */
export interface SimulatedFaults {
  /** Breaks the line without a close frame. */
  drop(filter: ConnectionFilter): number;
  /**
   * Takes the connection off the live stream for so long, as if it did not read: updates of the open
   * candle are conflated, closed candles replayed. Asking again begins anew.
   */
  slowDown(filter: ConnectionFilter, ms: number): number;
}

/** The part of a session that can be at fault. */
export interface FaultySession {
  readonly line: Pick<ClientLine, 'isOver' | 'transport'>;
  readonly delivery: Pick<SocketDelivery, 'settleDrop' | 'hold' | 'release' | 'pump'>;
}

/** The client takes nothing of the live stream until `speedUp`. */
function slowDown({ delivery, line }: FaultySession): void {
  if (line.isOver) return;
  delivery.settleDrop();
  delivery.hold();
}

/** What the client missed is replayed, and then it is live again. */
function speedUp({ delivery, line }: FaultySession): void {
  if (line.isOver) return;
  delivery.release();
  delivery.pump();
}

/** Keeps the time of the faults; it costs nothing while there are none. Instants are ms since 1970. */
export class FaultSchedule<Session extends FaultySession> implements SimulatedFaults {
  readonly #matching: (filter: ConnectionFilter) => readonly Session[];
  readonly #now: () => number;
  /** The sessions that are slow at present, and until when. */
  readonly #slow = new Map<Session, number>();

  /** @param matching the open sessions that a filter means */
  constructor(matching: (filter: ConnectionFilter) => readonly Session[], now: () => number) {
    this.#matching = matching;
    this.#now = now;
  }

  drop(filter: ConnectionFilter): number {
    const sessions = this.#matching(filter);
    for (const { line } of sessions) {
      if (!line.isOver) line.transport.abort();
    }
    return sessions.length;
  }

  slowDown(filter: ConnectionFilter, ms: number): number {
    const sessions = this.#matching(filter);
    for (const session of sessions) {
      slowDown(session);
      this.#slow.set(session, this.#now() + ms);
    }
    return sessions.length;
  }

  /** Ends what is over. */
  tick(now: number): void {
    for (const [session, until] of this.#slow) {
      if (now < until) continue;
      this.#slow.delete(session);
      speedUp(session);
    }
  }
}
