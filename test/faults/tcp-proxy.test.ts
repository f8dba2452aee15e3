import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import { eventually } from '../support/eventually.ts';

describe('a link that can be spoilt', () => {
  let echo: Server;
  let proxy: TcpProxy;
  const clients: Socket[] = [];

  beforeEach(async () => {
    echo = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.pipe(socket);
    }).listen(0, '127.0.0.1');
    await once(echo, 'listening');
    const { port } = echo.address() as AddressInfo;
    proxy = await startTcpProxy(() => port);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await proxy.close();
    echo.close();
  });

  /** A connection with what it has received so far. */
  async function dial() {
    const socket = connect({ port: proxy.port, host: '127.0.0.1' });
    clients.push(socket);
    const received = { text: '', error: '' };
    socket.on('data', (data: Buffer) => (received.text += data.toString('latin1')));
    socket.on('error', (error: NodeJS.ErrnoException) => (received.error = error.code ?? ''));
    await once(socket, 'connect');
    return { socket, received };
  }

  it('passes everything on while it is open, and the end too', async () => {
    const { socket, received } = await dial();
    const sent = 'candles '.repeat(100_000);
    socket.end(sent);
    await once(socket, 'close');
    expect(received.text === sent).toBe(true);
    await eventually(() => expect(proxy.connections()).toBe(0));
  });

  it('resets what stands and what comes while it is cut, and takes connections again after', async () => {
    const { socket, received } = await dial();
    socket.write('x');
    await eventually(() => expect(received.text).toBe('x'));
    proxy.become({ kind: 'cut' });
    await eventually(() => expect(received.error).toBe('ECONNRESET'));
    const refused = connect({ port: proxy.port, host: '127.0.0.1' });
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
    proxy.become({ kind: 'open' });
    const again = await dial();
    again.socket.write('y');
    await eventually(() => expect(again.received.text).toBe('y'));
  });

  it('is cut also while nobody takes what is on its way', async () => {
    const { socket } = await dial();
    socket.pause();
    socket.on('error', () => socket.destroy());
    socket.write('x'.repeat(20_000_000));
    await eventually(() => expect(socket.bytesRead).toBeGreaterThan(0));
    proxy.become({ kind: 'cut' });
    await eventually(() => expect(proxy.connections()).toBe(0));
  });

  it('keeps connections and passes nothing while it hangs, then everything in order', async () => {
    const before = await dial();
    proxy.become({ kind: 'hung' });
    const during = await dial();
    for (const digit of '123') {
      before.socket.write(digit);
      during.socket.write(digit);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([before.received.text, during.received.text]).toEqual(['', '']);
    proxy.become({ kind: 'open' });
    await eventually(() => {
      expect([before.received.text, during.received.text]).toEqual(['123', '123']);
    });
  });

  it('delays in each direction', async () => {
    const { socket, received } = await dial();
    proxy.become({ kind: 'delayed', ms: 80 });
    const start = performance.now();
    socket.write('x');
    await eventually(() => expect(received.text).toBe('x'));
    expect(performance.now() - start).toBeGreaterThan(155);
  });

  it('trickles', async () => {
    const { socket, received } = await dial();
    proxy.become({ kind: 'trickling', bytesPerSecond: 1_000 });
    const start = performance.now();
    socket.write('x'.repeat(300));
    await eventually(() => expect(received.text).toHaveLength(300));
    expect(performance.now() - start).toBeGreaterThan(200);
  });
});
