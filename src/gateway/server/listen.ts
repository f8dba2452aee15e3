import { connect, createServer } from 'node:net';
import type { TemplatedApp, us_listen_socket } from 'uWebSockets.js';
import type { Uws } from './uws.ts';

/** How long a peer on this machine may take to answer before it is taken for nobody. */
const PEER_TIMEOUT_MS = 500;

/**
 * Listens on a port that nobody else serves. The native server always shares ports (SO_REUSEPORT),
 * and a second gateway started by mistake would silently take half of the connections; so somebody
 * who answers there is looked for first. The native option for an exclusive port is no way out: with
 * it a gateway that crashed cannot come back on its port until the TIME_WAIT of its old connections
 * is over, a minute later.
 *
 * @throws Error saying why the address cannot be had
 */
export async function listen(
  uws: Uws,
  app: TemplatedApp,
  address: { readonly host: string; readonly port: number },
): Promise<{ socket: us_listen_socket; port: number }> {
  const { host, port } = address;
  const refuse = (reason: string) => new Error(`cannot listen on ${host}:${port}: ${reason}`);
  if (port !== 0 && (await isServed(host, port))) {
    throw refuse('the port is in use by another process');
  }
  const socket = await new Promise<us_listen_socket | false>((resolve) => {
    app.listen(host, port, resolve);
  });
  if (socket === false) throw refuse(await explainFailure(host, port));
  return { socket, port: uws.us_socket_local_port(socket) };
}

/** Whether somebody accepts connections there. */
function isServed(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ host: reachable(host), port, timeout: PEER_TIMEOUT_MS });
    const end = (served: boolean) => {
      probe.destroy();
      resolve(served);
    };
    // Connecting to a free port from that very port meets itself (RFC 9293, simultaneous open).
    probe.once('connect', () => end(probe.localPort !== port));
    probe.once('timeout', () => end(false));
    probe.once('error', () => end(false));
  });
}

/** An address to dial for one to listen on. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

/** The native server only says that it failed; Node's own server says why. */
async function explainFailure(host: string, port: number): Promise<string> {
  const code = await new Promise<string | undefined>((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(undefined)));
  });
  switch (code) {
    case undefined:
    case 'EADDRINUSE':
      return 'the port is in use by another process';
    case 'EACCES':
      return 'this user may not use the port';
    case 'EADDRNOTAVAIL':
      return 'this machine does not have the address';
    default:
      return code;
  }
}
