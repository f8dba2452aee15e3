import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

/** A frame of the exchange with candles. */
export interface CandleFrame {
  readonly topic: string;
  readonly ts: number;
  readonly data: readonly { readonly start: number; readonly end: number }[];
}

export interface Liar {
  readonly url: string;
  /** Passes so many frames with candles on in this form. @returns once they are */
  lie(frames: number, change: (frame: CandleFrame) => CandleFrame): Promise<void>;
  close(): Promise<void>;
}

/** Stands between the exchange and ingest, and tells the truth unless told to lie. */
export async function startLiar(upstream: string): Promise<Liar> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  await once(server, 'listening');
  let left = 0;
  let change = (frame: CandleFrame): CandleFrame => frame;
  let told: () => void = () => undefined;
  server.on('connection', (client) => {
    const source = new WebSocket(upstream, { perMessageDeflate: false });
    const opened = once(source, 'open');
    client.on('message', (data: Buffer) => void opened.then(() => source.send(data.toString())));
    source.on('message', (data: Buffer) => {
      let text = data.toString();
      if (left > 0 && text.includes('"topic"')) {
        text = JSON.stringify(change(JSON.parse(text) as CandleFrame));
        left -= 1;
        if (left === 0) told();
      }
      client.send(text);
    });
    client.on('close', () => source.terminate());
    source.on('close', () => client.terminate());
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}`,
    lie(frames, next) {
      [left, change] = [frames, next];
      return new Promise((resolve) => (told = resolve));
    },
    close() {
      for (const client of server.clients) client.terminate();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
