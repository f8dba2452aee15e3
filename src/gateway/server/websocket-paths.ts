import { exactly, under } from '../rest/route.ts';

/** Which WebSocket endpoint a path is; segments are still percent-encoded. */
export type WebSocketPath =
  | { readonly kind: 'multiplex' }
  | { readonly kind: 'channel'; readonly symbol: string; readonly interval: string };

const multiplex = exactly('/api/v1/live/ws');
const channel = under('/api/v1/live/ws/candles/', 2);

export function matchWebSocketPath(path: string): WebSocketPath | null {
  if (multiplex(path) !== null) return { kind: 'multiplex' };
  const [symbol, interval] = channel(path) ?? [];
  if (symbol === undefined || interval === undefined) return null;
  return { kind: 'channel', symbol, interval };
}
