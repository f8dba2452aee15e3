import { WebSocket } from 'ws';

const PATH = '/api/v1/live/ws';
const PROTOCOLS = ['candlegate.v1.json'];

/** Comes with a token that is none. Resolves with the status that refused it. */
export function refusedUpgrade(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${PATH}`, PROTOCOLS, {
      headers: { Authorization: 'Bearer no.token.atall' },
    });
    socket.on('unexpected-response', (request, response) => {
      request.destroy();
      resolve(response.statusCode ?? 0);
    });
    socket.on('open', () => reject(new Error('a token that is none was accepted')));
    socket.on('error', () => undefined);
  });
}

/** Says something that is no JSON, and leaves when it is told. */
export function mistakenClient(port: number, token: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${PATH}`, PROTOCOLS, {
      headers: { Authorization: `Bearer ${token}` },
    });
    socket.on('open', () => socket.send('{'));
    socket.on('message', (data: Buffer) => {
      if (data.toString().includes('invalid_json')) socket.close();
    });
    socket.on('close', () => resolve());
    socket.on('error', reject);
  });
}
