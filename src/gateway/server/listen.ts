import type { TemplatedApp, us_listen_socket } from 'uWebSockets.js';
import { tryAddress } from '../../net/try-address.ts';
import type { Uws } from './uws.ts';

/** `LIBUS_LISTEN_EXCLUSIVE_PORT`; the declarations have it under a name that does not exist at run time. */
const EXCLUSIVE_PORT = 1;

/** The declarations know `listen` with a host or with options, the binary takes both. */
interface ListeningApp {
  listen(
    host: string,
    port: number,
    options: number,
    callback: (socket: us_listen_socket | false) => void,
  ): void;
}

/**
 * Listens on a port of its own: by default the native server sets SO_REUSEPORT, and a second gateway
 * started by mistake would silently take half of the connections. SO_REUSEADDR stays on for a port
 * that is named (not for port 0), so a gateway that crashed can come back on its port at once.
 *
 * @throws Error saying why the address cannot be had
 */
export async function listen(
  uws: Uws,
  app: TemplatedApp,
  address: { readonly host: string; readonly port: number },
): Promise<{ socket: us_listen_socket; port: number }> {
  const { host, port } = address;
  const socket = await new Promise<us_listen_socket | false>((resolve) => {
    (app as unknown as ListeningApp).listen(host, port, EXCLUSIVE_PORT, resolve);
  });
  if (socket === false) {
    // The native server only says that it failed; Node's own server says why.
    const reason = (await tryAddress(address)) ?? 'the port is in use by another process';
    throw new Error(`cannot listen on ${host}:${port}: ${reason}`);
  }
  return { socket, port: uws.us_socket_local_port(socket) };
}
