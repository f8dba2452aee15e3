import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below where systems take the ports of outgoing connections from (Linux: 32768 on). */
const LOWEST = 15_000;
const HIGHEST = 30_000;

/**
 * A free port that no outgoing connection is given while its server is down, so that the server can
 * have it again.
 */
export async function quietPort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch {
      // Taken: the next one.
      continue;
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}
