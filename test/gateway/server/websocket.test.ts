import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import {
  closeOf,
  connectClient,
  goodToken,
  HANDSHAKE,
  MULTIPLEX,
  startServer,
  type FakeSession,
  type Harness,
  type HarnessOptions,
} from './harness.ts';
import { eventually } from '../../support/eventually.ts';

const running: Harness[] = [];
afterEach(() => {
  for (const { server } of running.splice(0)) server.close();
});

async function start(options: HarnessOptions = {}): Promise<Harness> {
  const harness = await startServer(options);
  running.push(harness);
  return harness;
}

async function pair(
  harness: Harness,
  options: { readonly perMessageDeflate?: boolean } = {},
): Promise<{ client: WebSocket; session: FakeSession; received: string[] }> {
  const client = await connectClient(harness, MULTIPLEX, options);
  const received: string[] = [];
  client.on('message', (data: Buffer) => received.push(data.toString()));
  const session = harness.sessions.at(-1);
  if (session === undefined) throw new Error('no session');
  return { client, session, received };
}

/** Sends until the buffer is over its bound; the kernel takes megabytes before that. */
function fill(session: FakeSession, frame: string): number {
  let taken = 0;
  while (session.transport.send(frame) !== 'dropped') taken += 1;
  return taken;
}

describe('a socket', () => {
  it('carries text and bytes both ways', async () => {
    const { client, session } = await pair(await start());
    client.send('hello');
    client.send(Buffer.from([1, 2]));
    await eventually(() => expect(session.messages).toHaveLength(2));
    expect(session.messages).toEqual([
      { data: 'hello', isBinary: false },
      { data: '\u0001\u0002', isBinary: true },
    ]);
    const got = new Promise((resolve) => {
      const frames: unknown[] = [];
      client.on('message', (data: Buffer, isBinary) => {
        frames.push([[...data], isBinary]);
        if (frames.length === 2) resolve(frames);
      });
    });
    expect(session.transport.send('A')).toBe('sent');
    expect(session.transport.send(new Uint8Array([7, 8]))).toBe('sent');
    expect(await got).toEqual([
      [[65], false],
      [[7, 8], true],
    ]);
  });

  it('pings, and tells the session of the pong with its payload', async () => {
    const { session } = await pair(await start());
    session.transport.ping('1745000112345');
    await eventually(() => expect(session.pongs).toEqual(['1745000112345']));
  });

  it('tells the session once when the client closes, and is inert afterwards', async () => {
    const { client, session } = await pair(await start());
    client.close(4999, 'enough');
    await eventually(() => expect(session.closes).toEqual([4999]));
    const { transport } = session;
    expect(transport.send('x')).toBe('dropped');
    transport.ping('x');
    transport.join('topic');
    transport.leave('topic');
    transport.close(1001, 'again');
    expect(transport.bufferedBytes()).toBe(0);
    expect(session.closes).toEqual([4999]);
    expect(session.drops).toBe(0);
  });

  it('tells the session when the connection breaks', async () => {
    const harness = await start();
    const { client, session } = await pair(harness);
    client.terminate();
    await eventually(() => expect(session.closes).toEqual([1006]));
    expect(harness.server.connections()).toBe(0);
  });

  it('sends what came before the close, then the code and the reason', async () => {
    const { client, session, received } = await pair(await start());
    const closing = closeOf(client);
    session.transport.send('last words');
    session.transport.close(4401, 'the token has expired');
    expect(session.closes).toEqual([4401]);
    expect(await closing).toEqual({ code: 4401, reason: 'the token has expired' });
    expect(received).toEqual(['last words']);
  });

  it('may be closed by the session while it is being opened', async () => {
    const harness = await start({ open: ({ transport }) => transport.close(4400, 'no') });
    const client = new WebSocket(harness.url(), {
      headers: { authorization: `Bearer ${await goodToken()}` },
    });
    expect(await closeOf(client)).toEqual({ code: 4400, reason: 'no' });
    expect(harness.sessions[0]?.closes).toEqual([4400]);
  });

  it('breaks on a frame beyond four times the message size, and takes one of that size', async () => {
    const { client, session } = await pair(await start({ settings: { maxMessageBytes: 256 } }));
    client.send('x'.repeat(1024));
    await eventually(() => expect(session.messages).toHaveLength(1));
    const closing = closeOf(client);
    client.send('x'.repeat(1025));
    expect((await closing).code).toBe(1006);
    expect(session.messages).toHaveLength(1);
  });
});

describe('faults of a session', () => {
  it('close its own socket with 1011 and leave the others alone', async () => {
    const harness = await start();
    const bad = await pair(harness);
    const good = await pair(harness);
    bad.session.onMessage = () => {
      throw new Error('bug');
    };
    const closing = closeOf(bad.client);
    bad.client.send('boom');
    expect(await closing).toEqual({ code: 1011, reason: 'internal error' });
    expect(harness.logged).toHaveLength(1);
    expect(await harness.registry.metrics()).toContain(
      'handler_failures_total{handler="message"} 1',
    );
    good.session.transport.send('fine');
    await eventually(() => expect(good.received).toEqual(['fine']));
  });

  it('close a socket whose session could not even be made', async () => {
    const harness = await start({
      open: () => {
        throw new Error('bug');
      },
    });
    const client = new WebSocket(harness.url(), {
      headers: { authorization: `Bearer ${await goodToken()}` },
    });
    expect((await closeOf(client)).code).toBe(1011);
    await eventually(() => expect(harness.server.connections()).toBe(0));
  });
});

describe('the broadcaster', () => {
  it('writes to those who joined, in order with what they are sent', async () => {
    const harness = await start();
    const [one, two, three] = [await pair(harness), await pair(harness), await pair(harness)];
    const { broadcaster } = harness.server;
    one.session.transport.join('t');
    broadcaster.publish('t', '1');
    one.session.transport.send('2');
    two.session.transport.join('t');
    broadcaster.publish('t', '3');
    one.session.transport.leave('t');
    one.session.transport.send('4');
    broadcaster.publish('t', '5');
    expect(broadcaster.subscribers('t')).toBe(1);
    expect(broadcaster.subscribers('nobody')).toBe(0);
    for (const { session } of [one, two, three]) session.transport.send('end');
    await eventually(() => {
      expect(one.received).toEqual(['1', '2', '3', '4', 'end']);
      expect(two.received).toEqual(['3', '5', 'end']);
      expect(three.received).toEqual(['end']);
    });
  });

  it('survives the close of the server', async () => {
    const harness = await start();
    await pair(harness);
    harness.server.close();
    harness.server.broadcaster.publish('t', 'x');
    expect(harness.server.broadcaster.subscribers('t')).toBe(0);
  });
});

describe('a client that does not read', () => {
  const frame = 'x'.repeat(32_000);

  it('is told apart: drops are reported for it alone, and the drain follows', async () => {
    const harness = await start();
    const slow = await pair(harness);
    const quick = await pair(harness);
    for (const { session } of [slow, quick]) session.transport.join('t');
    slow.client.pause();
    await vi.waitFor(
      () => {
        for (let index = 0; index < 20; index += 1) {
          harness.server.broadcaster.publish('t', frame);
        }
        expect(slow.session.drops).toBeGreaterThan(0);
      },
      { timeout: 15_000, interval: 5 },
    );
    expect(slow.session.transport.bufferedBytes()).toBeGreaterThan(64 * 1024);
    expect(slow.session.transport.bufferedBytes()).toBeLessThan(64 * 1024 + 2 * frame.length);
    expect(quick.session.drops).toBe(0);

    const small = 'small enough to be batched';
    const before = slow.session.drops;
    harness.server.broadcaster.publish('t', small);
    await eventually(() => expect(quick.received.at(-1)).toBe(small));
    expect(slow.session.drops).toBeGreaterThan(before);

    slow.client.resume();
    await eventually(() => expect(slow.session.drains).toBeGreaterThan(0));
    await eventually(() => expect(slow.session.transport.bufferedBytes()).toBe(0));
    expect(slow.received).not.toContain(small);
    harness.server.broadcaster.publish('t', 'again');
    await eventually(() => expect(slow.received.at(-1)).toBe('again'));
  });

  it('makes `send` answer honestly, without a report of a dropped publication', async () => {
    const { client, session, received } = await pair(await start());
    client.pause();
    const taken = fill(session, frame);
    expect(session.transport.send('one more')).toBe('dropped');
    session.transport.ping('dropped as well');
    expect(session.drops).toBe(0);
    client.resume();
    await eventually(() => expect(received).toHaveLength(taken));
    expect(received).not.toContain('one more');
    expect(session.transport.send('and now')).toBe('sent');
    await eventually(() => expect(received.at(-1)).toBe('and now'));
  });

  it('makes `send` report what was published before it and had to be dropped', async () => {
    const harness = await start();
    const { client, session, received } = await pair(harness);
    session.transport.join('t');
    client.pause();
    while (session.transport.send(frame) === 'sent');
    expect(session.transport.bufferedBytes()).toBeLessThan(64 * 1024);
    const batched = 'p'.repeat(10_000);
    for (let index = 0; index < 10; index += 1) harness.server.broadcaster.publish('t', batched);
    expect(session.drops).toBe(0);
    expect(session.transport.send('own')).toBe('buffered');
    expect(session.drops).toBe(1);
    client.resume();
    await eventually(() => expect(received.at(-1)).toBe('own'));
    expect(received.filter((text) => text === batched).length).toBeLessThan(10);
  });

  it('answers `buffered` while there is room in the buffer', async () => {
    const { client, session } = await pair(await start());
    client.pause();
    let outcome = session.transport.send(frame);
    while (outcome === 'sent') outcome = session.transport.send(frame);
    expect(outcome).toBe('buffered');
    expect(session.transport.bufferedBytes()).toBeGreaterThan(0);
  });

  it('still gets the close frame, behind what was buffered, when it reads again', async () => {
    const harness = await start();
    const { client, session, received } = await pair(harness);
    session.transport.join('t');
    client.pause();
    const taken = fill(session, frame);
    const closing = closeOf(client);
    session.transport.close(4000, 'too slow');
    expect(session.closes).toEqual([4000]);
    expect(harness.server.broadcaster.subscribers('t')).toBe(0);
    expect(session.transport.send('x')).toBe('dropped');
    client.resume();
    expect(await closing).toEqual({ code: 4000, reason: 'too slow' });
    expect(received).toHaveLength(taken);
    expect(session.closes).toEqual([4000]);
    await eventually(() => expect(harness.server.connections()).toBe(0));
  });

  it('is cut off when it does not read again', async () => {
    const harness = await start({ settings: { closeLingerMs: 100 } });
    const { client, session } = await pair(harness);
    client.pause();
    fill(session, frame);
    session.transport.close(4000, 'too slow');
    await eventually(() => expect(harness.server.connections()).toBe(0));
    expect(session.closes).toEqual([4000]);
    client.terminate();
  });
});

describe('compression', () => {
  /** What a server's frames look like on the wire: [reserved bit 1, opcode, payload length]. */
  async function rawFrames(
    harness: Harness,
    count: number,
    send: (session: FakeSession) => void,
  ): Promise<{ head: string; frames: { rsv1: boolean; opcode: number; length: number }[] }> {
    const socket: Socket = connect(harness.port, '127.0.0.1');
    let bytes = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => (bytes = Buffer.concat([bytes, chunk])));
    const headers = Object.entries({
      Host: 'x',
      Authorization: `Bearer ${await goodToken()}`,
      'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
      ...HANDSHAKE,
    });
    socket.write(
      `GET ${MULTIPLEX} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    );
    await eventually(() => expect(bytes.includes('\r\n\r\n')).toBe(true));
    const session = harness.sessions.at(-1);
    if (session === undefined) throw new Error('no session');
    send(session);
    const split = bytes.indexOf('\r\n\r\n') + 4;
    const parse = (): { rsv1: boolean; opcode: number; length: number }[] => {
      const frames = [];
      for (let at = split; at + 2 <= bytes.length;) {
        const first = bytes.readUInt8(at);
        let length = bytes.readUInt8(at + 1) & 127;
        at += 2;
        if (length === 126) {
          length = bytes.readUInt16BE(at);
          at += 2;
        }
        frames.push({ rsv1: (first & 0x40) !== 0, opcode: first & 15, length });
        at += length;
      }
      return frames;
    };
    await eventually(() => expect(parse()).toHaveLength(count));
    socket.destroy();
    return { head: bytes.subarray(0, split).toString(), frames: parse() };
  }

  it('is for large text only', async () => {
    const harness = await start();
    const { head, frames } = await rawFrames(harness, 4, ({ transport }) => {
      transport.join('t');
      transport.send('x'.repeat(1023));
      transport.send('x'.repeat(1024));
      transport.send(new Uint8Array(2048));
      harness.server.broadcaster.publish('t', 'x'.repeat(5000));
    });
    expect(head).toMatch(/sec-websocket-extensions: permessage-deflate/i);
    expect(frames.map(({ rsv1 }) => rsv1)).toEqual([false, true, false, true]);
    expect(frames.map(({ opcode }) => opcode)).toEqual([1, 1, 2, 1]);
    expect(frames[1]?.length).toBeLessThan(100);
  });

  it('can be switched off', async () => {
    const harness = await start({ settings: { deflateMinBytes: null } });
    const { head, frames } = await rawFrames(harness, 1, ({ transport }) => {
      transport.send('x'.repeat(5000));
    });
    expect(head).not.toMatch(/sec-websocket-extensions/i);
    expect(frames).toEqual([{ rsv1: false, opcode: 1, length: 5000 }]);
  });

  it('is understood by clients, in both directions', async () => {
    const { client, session, received } = await pair(await start(), { perMessageDeflate: true });
    const text = JSON.stringify({ candles: Array.from({ length: 50 }, (_, index) => ({ index })) });
    client.send(text);
    session.transport.send(text.repeat(3));
    await eventually(() => {
      expect(received).toEqual([text.repeat(3)]);
      expect(session.messages).toEqual([{ data: text, isBinary: false }]);
    });
  });

  it('does not let a small frame inflate beyond the bound', async () => {
    const { client, session } = await pair(await start(), { perMessageDeflate: true });
    const closing = closeOf(client);
    client.send('x'.repeat(1_000_000));
    expect((await closing).code).toBe(1006);
    expect(session.messages).toEqual([]);
  });
});
