import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectClient, raw, startServer, type Harness } from './harness.ts';

/**
 * The native server gives a request ten seconds to be whole, however it dribbles. In a file of its
 * own, so that others run while it waits; all wait at once.
 */
const LIMIT_MS = 10_000;
/** The native server looks every four seconds. */
const MARGIN_MS = 8_000;
const SOCKETS_OF_EACH = 100;
const DRIBBLE_MS = 500;

const WAYS: Readonly<Record<string, (socket: Socket) => void>> = {
  'connects and says nothing': () => undefined,
  'sends the headers of a request byte by byte': (socket) =>
    dribble(socket, 'GET /api/v1/live/health HTTP/1.1\r\nHost: x\r\nX-Slow: '),
  'sends the headers of an upgrade byte by byte': (socket) =>
    dribble(
      socket,
      'GET /api/v1/live/ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Slow: ',
    ),
  'keeps the connection after an answer': (socket) =>
    void socket.write('GET /api/v1/live/health HTTP/1.1\r\nHost: x\r\n\r\n'),
};

/** The beginning at once, then a byte at a time for ever. */
function dribble(socket: Socket, beginning: string): void {
  socket.write(beginning);
  const timer = setInterval(() => socket.write('a'), DRIBBLE_MS);
  socket.on('close', () => clearInterval(timer));
}

/** How long the socket is left open, in ms; Infinity: for longer than it may be. */
function lifetime(port: number, begin: (socket: Socket) => void): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      const openedAt = performance.now();
      const giveUp = setTimeout(() => {
        resolve(Infinity);
        socket.destroy();
      }, LIMIT_MS + MARGIN_MS);
      socket.on('close', () => {
        clearTimeout(giveUp);
        resolve(performance.now() - openedAt);
      });
      begin(socket);
    });
    socket.resume();
    socket.on('error', () => undefined);
  });
}

describe('a socket that never proves itself is cut within ten seconds or little more', () => {
  let harness: Harness;
  let lifetimes: ReadonlyMap<string, readonly number[]>;

  beforeAll(async () => {
    harness = await startServer();
    const waiting = Object.entries(WAYS).map(async ([way, begin]) => {
      const sockets = Array.from({ length: SOCKETS_OF_EACH }, () => lifetime(harness.port, begin));
      return [way, await Promise.all(sockets)] as const;
    });
    // Beside them others are served.
    const client = await connectClient(harness);
    const { status } = await raw(harness.port, '/nothing');
    expect([client.readyState, status]).toEqual([client.OPEN, 404]);
    lifetimes = new Map(await Promise.all(waiting));
    expect(client.readyState).toBe(client.OPEN);
    client.terminate();
  });
  afterAll(() => harness.server.close());

  it.each(Object.keys(WAYS))('one that %s', (way) => {
    const all = lifetimes.get(way) ?? [];
    expect(all).toHaveLength(SOCKETS_OF_EACH);
    expect(Math.max(...all)).toBeLessThan(LIMIT_MS + MARGIN_MS);
  });
});
