import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

/** How a gateway is made worse than it is. */
export interface Breakage {
  /** Every candle message comes so much later. */
  readonly delayMs?: number;
  /** Of the closed candles one in so many is left out. */
  readonly dropEveryNthClose?: number;
}

/** Stands before a real gateway and spoils what it says. */
export interface BrokenGateway {
  readonly ws: string;
  close(): Promise<void>;
}

interface Said {
  readonly type: string;
  readonly candle?: { readonly confirm: boolean };
}

/** @param gateway `ws://host:port` */
export async function startBrokenGateway(
  gateway: string,
  { delayMs = 0, dropEveryNthClose = Infinity }: Breakage,
): Promise<BrokenGateway> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  server.on('connection', (client: WebSocket, request: IncomingMessage) => {
    const { authorization = '' } = request.headers;
    const upstream = new WebSocket(`${gateway}${request.url ?? ''}`, {
      headers: { authorization },
    });
    const waiting: string[] = [];
    let closes = 0;
    client.on('message', (data: Buffer) => {
      if (upstream.readyState === WebSocket.OPEN) upstream.send(data.toString());
      else waiting.push(data.toString());
    });
    upstream.on('open', () => {
      for (const text of waiting) upstream.send(text);
    });
    upstream.on('message', (data: Buffer) => {
      const text = data.toString();
      const { type, candle } = JSON.parse(text) as Said;
      if (type !== 'candle') {
        client.send(text);
        return;
      }
      if (candle?.confirm === true) {
        closes += 1;
        if (closes % dropEveryNthClose === 0) return;
      }
      setTimeout(() => client.send(text), delayMs);
    });
    client.on('close', () => upstream.close());
    upstream.on('close', () => client.close());
    for (const socket of [client, upstream]) socket.on('error', () => socket.terminate());
  });
  return {
    ws: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const client of server.clients) client.terminate();
      server.close();
      await once(server, 'close');
    },
  };
}
