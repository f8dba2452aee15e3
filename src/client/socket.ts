import type { ClientMessage, ServerMessage } from '../candle/messages.ts';
import type { Codec, WebSocketConstructor, WebSocketLike } from './options.ts';

export interface SocketListener {
  opened(): void;
  received(message: ServerMessage): void;
  closed(code: number, reason: string): void;
}

/** One WebSocket. */
export interface Socket {
  send(message: ClientMessage): void;
  /** Closes it; nothing more of it is heard. */
  abandon(): void;
}

/** Opens a WebSocket and reads its messages. What cannot be read is passed over. */
export function openSocket(
  WebSocket: WebSocketConstructor,
  url: string,
  protocols: string[],
  codec: Codec,
  listener: SocketListener,
): Socket {
  const socket: WebSocketLike = new WebSocket(url, protocols);
  socket.binaryType = 'arraybuffer';
  let isHeard = true;
  socket.addEventListener('open', () => {
    if (isHeard) listener.opened();
  });
  // A close follows; `ws` throws an error that nobody listens for.
  socket.addEventListener('error', () => undefined);
  socket.addEventListener('close', ({ code, reason }: { code: number; reason: string }) => {
    if (!isHeard) return;
    isHeard = false;
    listener.closed(code, reason);
  });
  socket.addEventListener('message', ({ data }: { data: unknown }) => {
    if (!isHeard) return;
    let message: unknown;
    try {
      message = codec.read(data);
    } catch {
      return;
    }
    if (typeof message === 'object' && message !== null && 'type' in message) {
      listener.received(message as ServerMessage);
    }
  });
  return {
    send: (message) => socket.send(codec.write(message) as string),
    abandon() {
      isHeard = false;
      socket.close(1000);
    },
  };
}
