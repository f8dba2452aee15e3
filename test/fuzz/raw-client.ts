import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const ANSWER_TIMEOUT_MS = 20_000;

/** A TCP connection that has been upgraded, on which anything can be written. */
export class RawClient {
  readonly socket: Socket;
  #received = '';
  #isClosed = false;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      // Enough to find an answer in; candles go by.
      this.#received = (this.#received + chunk.toString('latin1')).slice(-200_000);
      this.#wake();
    });
    // The gateway may break the connection in the middle of a write.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  /**
   * @param headers lines without their ends
   * @throws Error when the answer is not 101
   */
  static async open(port: number, headers: readonly string[]): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    const client = new RawClient(socket);
    await once(socket, 'connect');
    const key = randomBytes(16).toString('base64');
    const lines = [
      'GET /api/v1/live/ws HTTP/1.1',
      'Host: gateway',
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${key}`,
      ...headers,
    ];
    client.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`));
    await client.received('\r\n\r\n');
    if (!client.#received.startsWith('HTTP/1.1 101')) {
      socket.destroy();
      throw new Error(`no upgrade: ${client.#received.slice(0, 300)}`);
    }
    return client;
  }

  /** What came last, the close frame included. */
  get tail(): string {
    return JSON.stringify(this.#received.slice(-400));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  write(bytes: Buffer): void {
    if (!this.#isClosed) this.socket.write(bytes);
  }

  /** Waits for a text. @returns false when the connection ended before */
  received(text: string): Promise<boolean> {
    return this.#until(() => this.#received.includes(text));
  }

  /** Half-closes and waits for the other end. */
  async end(): Promise<void> {
    this.socket.end();
    await this.#until(() => this.#isClosed);
  }

  #until(isSo: () => boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.socket.destroy();
        reject(new Error(`no answer; last came ${JSON.stringify(this.#received.slice(-300))}`));
      }, ANSWER_TIMEOUT_MS);
      const look = () => {
        if (!isSo() && !this.#isClosed) return;
        clearTimeout(timer);
        this.#wake = () => undefined;
        resolve(isSo());
      };
      this.#wake = look;
      look();
    });
  }
}
