import { connect, type Socket } from 'node:net';
import { deflateRawSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { frame } from '../../fuzz/frames.ts';
import { RawClient } from '../../fuzz/raw-client.ts';
import { goodToken, HANDSHAKE, MULTIPLEX, raw, startServer, type Harness } from './harness.ts';
import { eventually } from '../../support/eventually.ts';

const MAX_MESSAGE_BYTES = 1024;
const MEBIBYTE = 1_048_576;
const open: { destroy(): void }[] = [];
const running: Harness[] = [];

afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
  for (const { server } of running.splice(0)) server.close();
});

async function start(): Promise<Harness> {
  const harness = await startServer({ settings: { maxMessageBytes: MAX_MESSAGE_BYTES } });
  running.push(harness);
  return harness;
}

async function upgraded(harness: Harness, ...headers: string[]): Promise<RawClient> {
  const authorization = `Authorization: Bearer ${await goodToken()}`;
  const client = await RawClient.open(harness.port, [authorization, ...headers]);
  open.push(client.socket);
  return client;
}

/** Writes the same bytes until the other end has had enough. @returns how many it took */
async function pour(socket: Socket, chunk: Buffer, limit: number): Promise<number> {
  let written = 0;
  const state = { isOver: false };
  let wake = (): void => undefined;
  socket.on('error', () => undefined);
  socket.on('drain', () => wake());
  for (const event of ['end', 'close']) {
    socket.on(event, () => {
      state.isOver = true;
      wake();
    });
  }
  while (!state.isOver && written < limit) {
    written += chunk.length;
    const hasRoom = socket.write(chunk);
    await new Promise<void>((resolve) => {
      wake = resolve;
      if (hasRoom) setImmediate(resolve);
    });
  }
  return written;
}

function plain(harness: Harness): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(harness.port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
    open.push(socket);
  });
}

/** Resident memory may grow by this while an attack goes on, whatever it sends. */
async function growth(act: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage().rss;
  await act();
  return process.memoryUsage().rss - before;
}

describe('requests that are too large', () => {
  it.each([
    ['a URL of 64 KB', { path: `${MULTIPLEX}?${'a'.repeat(65_536)}`, headers: {} }],
    ['a header of 64 KB', { path: MULTIPLEX, headers: { 'X-Big': 'a'.repeat(65_536) } }],
    [
      '2,000 headers',
      {
        path: MULTIPLEX,
        headers: Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`X-${n}`, 'a'])),
      },
    ],
  ])('%s: refused, and nothing of it reaches the gateway', async (_what, { path, headers }) => {
    const harness = await start();
    const authorization = `Bearer ${await goodToken()}`;
    const answer = raw(harness.port, path, {
      ...HANDSHAKE,
      Authorization: authorization,
      ...headers,
    });
    await expect(answer.then(({ status }) => status)).resolves.toBe(431);
    expect(harness.sessions).toEqual([]);
  });

  it.each([1, 2])('a head of 12 KB is read, in %i pieces', async (pieces) => {
    const harness = await start();
    const socket = await plain(harness);
    const answered = new Promise<string>((resolve) => {
      socket.on('data', (data: Buffer) => resolve(data.toString()));
    });
    const head = `GET /api/v1/live/health HTTP/1.1\r\nHost: x\r\nX-Big: ${'a'.repeat(12_000)}\r\n\r\n`;
    socket.setNoDelay(true);
    if (pieces === 2) {
      await new Promise((resolve) => socket.write(head.slice(0, 6_000), resolve));
      // Until another connection has been answered, the first piece has been read.
      await raw(harness.port, '/api/v1/live/health');
    }
    socket.write(pieces === 2 ? head.slice(6_000) : head);
    expect(await answered).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('headers without an end are cut off below 64 KB', async () => {
    const harness = await start();
    const socket = await plain(harness);
    socket.resume();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-Endless: ');
    expect(await pour(socket, Buffer.alloc(1024, 'a'), 64 * MEBIBYTE)).toBeLessThan(8 * MEBIBYTE);
  });

  it('the body of a request is not read: 1 GB announced costs no memory', async () => {
    const harness = await start();
    const socket = await plain(harness);
    socket.resume();
    socket.write(
      'POST /api/v1/live/health HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n',
    );
    const chunk = Buffer.alloc(65_536, 'a');
    const grown = await growth(async () => {
      expect(await pour(socket, chunk, 256 * MEBIBYTE)).toBeLessThan(64 * MEBIBYTE);
    });
    expect(grown).toBeLessThan(48 * MEBIBYTE);
  });
});

describe('a flood of refused connections', () => {
  it('500 of them write one line, and all are counted', async () => {
    const harness = await start();
    for (let count = 0; count < 25; count += 1) {
      await Promise.all(Array.from({ length: 20 }, () => raw(harness.port, MULTIPLEX, HANDSHAKE)));
    }
    expect(harness.noted).toEqual([[{ code: 'missing_token', count: 1 }, 'connections refused']]);
    expect(harness.logged).toEqual([]);
    expect(await harness.registry.metrics()).toContain(
      'upgrades_total{outcome="missing_token"} 500',
    );
  });
});

describe('messages that are larger than they look', () => {
  it('a bomb of 64 KB that inflates to 64 MB breaks its connection and costs no memory', async () => {
    const harness = await start();
    const bomb = frame(deflateRawSync(Buffer.alloc(64 * MEBIBYTE)), { reserved: 0x40 });
    // A frame within the bound of the wire, too: 3 KB that inflate to 3 MB.
    const small = frame(deflateRawSync(Buffer.alloc(3 * MEBIBYTE)), { reserved: 0x40 });
    expect(small.length).toBeLessThan(4 * MAX_MESSAGE_BYTES);
    const grown = await growth(async () => {
      for (let count = 0; count < 20; count += 1) {
        for (const bytes of [bomb, small]) {
          const client = await upgraded(harness, 'Sec-WebSocket-Extensions: permessage-deflate');
          client.write(bytes);
          await client.end();
        }
      }
    });
    expect(harness.sessions).toHaveLength(40);
    for (const { closes, messages } of harness.sessions) {
      expect([closes, messages]).toEqual([[1006], []]);
    }
    expect(grown).toBeLessThan(48 * MEBIBYTE);
  });

  it('a message in endless fragments ends at four times the message size', async () => {
    const harness = await start();
    const client = await upgraded(harness);
    const part = Buffer.alloc(256, 'a');
    client.write(frame(part, { final: false }));
    const fragment = frame(part, { opcode: 0, final: false });
    await pour(client.socket, fragment, 64 * MEBIBYTE);
    await eventually(() => expect(harness.sessions[0]?.closes).toEqual([1006]));
    expect(harness.sessions[0]?.messages).toEqual([]);
  });

  it('200 connections that send 512 KB each without a last fragment cost at most what they may', async () => {
    const harness = await start();
    const part = Buffer.alloc(4 * MAX_MESSAGE_BYTES - 1, 'a');
    const parts = Array.from({ length: 128 }, (_, index) =>
      frame(part, { opcode: index === 0 ? 1 : 0, final: false }),
    );
    const held = Buffer.concat(parts);
    const grown = await growth(async () => {
      for (let count = 0; count < 200; count += 1) (await upgraded(harness)).write(held);
      // Whatever was written before this answer has been read.
      await eventually(() => expect(harness.sessions).toHaveLength(200));
      await raw(harness.port, '/api/v1/live/health');
    });
    expect(harness.sessions.filter(({ closes }) => closes.length > 0).length).toBe(200);
    expect(grown).toBeLessThan(48 * MEBIBYTE);
  });

  it('a frame that states a length of a gigabyte breaks its connection at once', async () => {
    const harness = await start();
    const client = await upgraded(harness);
    client.write(frame(Buffer.from('a'), { statedLength: 1_000_000_000n }));
    await eventually(() => expect(harness.sessions[0]?.closes).toEqual([1006]));
  });
});
