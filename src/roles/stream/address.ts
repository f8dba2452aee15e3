const SUBSCRIBE_PATH = '/api/v1/live/ws';

/**
 * The WebSocket address of a gateway as users write it: `http` becomes `ws`, and without a path the
 * endpoint with `subscribe` is meant.
 */
export function webSocketAddress(text: string): URL {
  const url = new URL(text);
  url.protocol = url.protocol === 'https:' || url.protocol === 'wss:' ? 'wss:' : 'ws:';
  if (url.pathname === '/') url.pathname = SUBSCRIBE_PATH;
  url.hash = '';
  return url;
}
