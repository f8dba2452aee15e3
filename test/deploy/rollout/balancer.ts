import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Somewhere to send connections, as long as it is in service. */
export interface Backend {
  readonly name: string;
  readonly port: number;
  isInService(): boolean;
}

/** Which backend in service a new connection goes to: the one with the fewest, or any, as kube-proxy does. */
export type Choice = 'fewest' | 'random';

/**
 * The least that stands before pods in a cluster. Connections that stand are left alone, whatever becomes of
 * their backend.
 */
export interface Balancer {
  readonly port: number;
  add(backend: Backend): void;
  remove(backend: Backend): void;
  connections(backend: Backend): number;
  /** Connections that found nobody in service. */
  readonly refused: number;
  close(): Promise<void>;
}

export async function startBalancer(choice: Choice): Promise<Balancer> {
  const backends = new Set<Backend>();
  const counts = new Map<Backend, number>();
  const sockets = new Set<Socket>();
  let refused = 0;
  const count = (backend: Backend) => counts.get(backend) ?? 0;

  const server = createServer({ allowHalfOpen: true }, (near) => {
    const inService = [...backends].filter((each) => each.isInService());
    const backend =
      choice === 'fewest'
        ? inService.sort((a, b) => count(a) - count(b))[0]
        : inService[Math.floor(Math.random() * inService.length)];
    if (backend === undefined) {
      refused += 1;
      near.resetAndDestroy();
      return;
    }
    counts.set(backend, count(backend) + 1);
    const far = connect({ port: backend.port, host: '127.0.0.1', allowHalfOpen: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
    near.once('close', () => counts.set(backend, count(backend) - 1));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    add: (backend) => void backends.add(backend),
    remove: (backend) => void backends.delete(backend),
    connections: count,
    get refused() {
      return refused;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
