import { createServer } from 'node:net';
import { listenFailure } from './listen-failure.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Listens for a moment, to know whether a server could.
 *
 * @returns why not, for people; null when it could
 */
export function tryAddress({ host, port }: Address): Promise<string | null> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error) => resolve(listenFailure(error)));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(null)));
  });
}
