import { RawClient, type ClientEvents, type ClientPlan, type Server } from './raw-client.ts';

export interface OpenResult {
  readonly opened: number;
  /** Refused upgrades by status; 0: the connection ended without one. */
  readonly refused: Readonly<Record<number, number>>;
  /** From the first connect to the last answer, ms. */
  readonly ms: number;
  /** ms from each connect to its 101, in order of size. */
  readonly handshakes: readonly number[];
}

/** How clients come: so many at a time, or one after the other at times of their own. */
export type Pace =
  { readonly atOnce: number } | { readonly spreadMs: number; readonly atOnce?: never };

/** Many raw clients of one process. */
export class Crowd {
  readonly #server: Server;
  readonly #events: Pick<ClientEvents, 'message' | 'lost'>;
  readonly clients = new Set<RawClient>();
  /** Connections that the server ended: before any message had come on them, and later, by close code. */
  lostUnheard = 0;
  readonly lost = new Map<number, number>();

  constructor(server: Server, events: Pick<ClientEvents, 'message' | 'lost'> = {}) {
    this.#server = server;
    this.#events = events;
  }

  /** Opens one connection for each plan. Resolves when each was answered. */
  open(plans: readonly ClientPlan[], pace: Pace): Promise<OpenResult> {
    const began = performance.now();
    const refused: Record<number, number> = {};
    const handshakes: number[] = [];
    let answered = 0;
    let next = 0;
    return new Promise((resolve) => {
      const settle = (): void => {
        answered += 1;
        if (answered === plans.length) {
          handshakes.sort((a, b) => a - b);
          const ms = performance.now() - began;
          resolve({ opened: handshakes.length, refused, ms, handshakes });
        } else if (pace.atOnce !== undefined) {
          start();
        }
      };
      const start = (): void => {
        const plan = plans[next];
        if (plan === undefined) return;
        next += 1;
        const client: RawClient = new RawClient(this.#server, plan, {
          opened: () => {
            handshakes.push(client.openedAt - client.beganAt);
            this.clients.add(client);
            settle();
          },
          refused: (status) => {
            refused[status] = (refused[status] ?? 0) + 1;
            settle();
          },
          message: (...told) => this.#events.message?.(...told),
          lost: (lostClient, code) => this.#countLoss(lostClient, code),
        });
      };
      if (plans.length === 0) {
        resolve({ opened: 0, refused, ms: 0, handshakes });
      } else if (pace.atOnce !== undefined) {
        for (let index = 0; index < pace.atOnce; index += 1) start();
      } else {
        const { spreadMs } = pace;
        const timer = setInterval(() => {
          const share = Math.min(1, (performance.now() - began) / spreadMs);
          while (next < plans.length && next < Math.ceil(share * plans.length)) start();
          if (next >= plans.length) clearInterval(timer);
        }, 5);
      }
    });
  }

  /** Breaks all connections at once. */
  dropAll(): void {
    for (const client of this.clients) client.reset();
    this.clients.clear();
  }

  #countLoss(client: RawClient, code: number): void {
    this.clients.delete(client);
    if (!client.heard) this.lostUnheard += 1;
    this.lost.set(code, (this.lost.get(code) ?? 0) + 1);
    this.#events.lost?.(client, code);
  }
}
