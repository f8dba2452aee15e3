import type { ServerMessage } from '../candle/messages.ts';
import type { SocketListener } from './core/port.ts';
import type { Encoding, WebSocketConstructor } from './options.ts';

/** Unpadded base64url (RFC 4648, section 5). A token that is no JWT is the gateway's to refuse, so it is sent too. */
function base64url(token: string): string {
  return btoa(token).replace(/=/g, '').replace(/\+/g, '-').replace(/\//g, '_');
}

/**
 * Opens a WebSocket and reads its messages. What cannot be read is passed over.
 *
 * @param token where it does not travel in the URL, as a ticket
 * @param failed called in place of `lost` when it never opened
 */
export function openSocket(
  WebSocket: WebSocketConstructor,
  encoding: Encoding,
  url: string,
  token: string | undefined,
  { opened, arrived, lost }: SocketListener,
  failed: () => void,
) {
  const read = encoding.open();
  const bearer = token ? [`base64url.bearer.authorization.candlegate.${base64url(token)}`] : [];
  const socket = new WebSocket(url, [encoding.protocol, ...bearer]);
  let closed: SocketListener['lost'] = failed;
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('open', () => {
    closed = lost;
    opened();
  });
  // A close follows; `ws` throws an error that nobody listens for.
  socket.addEventListener('error', () => {});
  socket.addEventListener('close', ({ code, reason }: { code: number; reason: string }) =>
    closed(code, reason),
  );
  socket.addEventListener('message', ({ data }) => {
    let message;
    try {
      message = read(data) as ServerMessage | undefined;
    } catch {
      return;
    }
    if (message) arrived(message);
  });
  return socket;
}
