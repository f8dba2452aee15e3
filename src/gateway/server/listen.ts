import { createServer } from 'node:net';
import type { TemplatedApp, us_listen_socket } from 'uWebSockets.js';
import type { Uws } from './uws.ts';

/**
 * Listens on a port that nobody else listens on. The native server always shares ports
 * (SO_REUSEPORT), and a second gateway started by mistake would silently take half of the
 * connections; so Node's own server, which does not share, tries the port first. The native option
 * for an exclusive port is no way out: it lacks SO_REUSEADDR, and a gateway that crashed could not
 * come back on its port for a minute, until the old connections' TIME_WAIT is over.
 *
 * @throws Error saying why the address cannot be had
 */
export async function listen(
  uws: Uws,
  app: TemplatedApp,
  address: { readonly host: string; readonly port: number },
): Promise<{ socket: us_listen_socket; port: number }> {
  const { host, port } = address;
  const obstacle = await tryAddress(host, port);
  if (obstacle !== undefined) throw new Error(`cannot listen on ${host}:${port}: ${obstacle}`);
  const socket = await new Promise<us_listen_socket | false>((resolve) => {
    app.listen(host, port, resolve);
  });
  if (socket === false) throw new Error(`cannot listen on ${host}:${port}`);
  return { socket, port: uws.us_socket_local_port(socket) };
}

/** @returns why the address cannot be had; undefined when it can */
async function tryAddress(host: string, port: number): Promise<string | undefined> {
  const code = await new Promise<string | undefined>((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(undefined)));
  });
  switch (code) {
    case 'EADDRINUSE':
      return 'the port is in use by another process';
    case 'EACCES':
      return 'this user may not use the port';
    case 'EADDRNOTAVAIL':
      return 'this machine does not have the address';
    case undefined:
    default:
      return code;
  }
}
