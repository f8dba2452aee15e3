import { WebSocket } from 'ws';
import type { ServerMessage, ServerMessageOf } from '../../src/candle/messages.ts';
import { JSON_PROTOCOL } from '../../src/gateway/codec/json.ts';
import { createDialect } from './dialect.ts';

/** A client that keeps everything it is sent, and holds each message against the protocol's schema. */
export interface RecordingClient {
  readonly messages: readonly ServerMessage[];
  /** The texts of the same messages, as they came; of a binary subprotocol, their JSON form. */
  readonly texts: readonly string[];
  readonly socket: WebSocket;
  of<T extends ServerMessage['type']>(type: T): ServerMessageOf<T>[];
  /** Waits for a message that fits, also one that has come already. Rejects when the socket closes. */
  received<T extends ServerMessage['type']>(
    type: T,
    fits?: (message: ServerMessageOf<T>) => boolean,
  ): Promise<ServerMessageOf<T>>;
  send(message: object): void;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  close(): void;
}

/** Connects and resolves with the open connection; rejects with the status of a refused upgrade. */
export async function connect(
  url: string,
  token: string,
  protocol: string = JSON_PROTOCOL,
): Promise<RecordingClient> {
  const dialect = createDialect(protocol);
  const socket = new WebSocket(url, [protocol], {
    headers: { Authorization: `Bearer ${token}` },
  });
  const messages: ServerMessage[] = [];
  const texts: string[] = [];
  const waiting = new Set<(isClosed: boolean) => void>();
  const faults: string[] = [];
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    const frame = isBinary ? data : data.toString('utf8');
    try {
      const message = dialect.read(frame);
      messages.push(message);
      texts.push(typeof frame === 'string' ? frame : JSON.stringify(message));
    } catch (error) {
      faults.push(`${data.toString(isBinary ? 'hex' : 'utf8')}: ${(error as Error).message}`);
    }
    for (const look of waiting) look(false);
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => {
      resolve({ code, reason: reason.toString('utf8') });
      for (const look of waiting) look(true);
    });
  });
  await new Promise((resolve, reject) => {
    socket.on('open', resolve);
    socket.on('error', reject);
  });
  const of: RecordingClient['of'] = <T extends ServerMessage['type']>(type: T) =>
    messages.filter((message): message is ServerMessageOf<T> => message.type === type);
  return {
    messages,
    texts,
    socket,
    of,
    received: (type, fits = () => true) =>
      new Promise((resolve, reject) => {
        const look = (isClosed: boolean) => {
          const message = of(type).find(fits);
          if (message === undefined && !isClosed && faults.length === 0) return;
          waiting.delete(look);
          if (faults.length > 0) reject(new Error(`against the protocol: ${faults.join('; ')}`));
          else if (message !== undefined) resolve(message);
          else reject(new Error(`closed before a fitting ${type} message came`));
        };
        waiting.add(look);
        look(socket.readyState >= WebSocket.CLOSING);
      }),
    send: (message) => socket.send(dialect.write(message)),
    closed,
    close: () => socket.close(1000),
  };
}
