import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const UPGRADE = [
  'GET /api/v1/live/ws HTTP/1.1',
  'Host: gateway',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol: candlegate.v1.json',
  '\r\n',
].join('\r\n');
const HEALTH = 'GET /api/v1/live/health HTTP/1.1\r\nHost: gateway\r\n\r\n';

/** An HTTP connection that has been used once and is kept, as a load balancer keeps it. */
export class KeptConnection {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(port: number): Promise<KeptConnection> {
    const socket = connect({ port, host: '127.0.0.1' });
    await once(socket, 'connect');
    const connection = new KeptConnection(socket);
    await connection.#ask(HEALTH);
    return connection;
  }

  /** Asks for a WebSocket on it, and ends it. @returns the status of the answer */
  async upgrade(): Promise<number> {
    const status = await this.#ask(UPGRADE);
    this.#socket.destroy();
    return status;
  }

  async #ask(request: string): Promise<number> {
    this.#socket.write(request);
    const [answer] = (await once(this.#socket, 'data')) as [Buffer];
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer.toString('latin1'))?.[1]);
  }
}
