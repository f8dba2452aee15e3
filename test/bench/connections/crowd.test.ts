import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { Crowd } from '../../../bench/connections/crowd.ts';
import type { ClientPlan, Server } from '../../../bench/connections/raw-client.ts';
import { eventually } from '../../support/eventually.ts';

let wss: WebSocketServer;
let server: Server;
beforeEach(async () => {
  wss = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    verifyClient: ({ req }, answer) => answer(req.headers.authorization === 'Bearer good', 403),
  });
  await once(wss, 'listening');
  server = { host: '127.0.0.1', port: (wss.address() as AddressInfo).port };
});
afterEach(() => {
  for (const socket of wss.clients) socket.terminate();
  wss.close();
});

function plan(from: string, token = 'good'): ClientPlan {
  return { from, path: '/', headers: `Authorization: Bearer ${token}\r\n` };
}

describe('a crowd of raw clients', () => {
  it('comes from the addresses that it is told, and counts who is refused', async () => {
    const from: (string | undefined)[] = [];
    wss.on('connection', (_, request) => from.push(request.socket.remoteAddress));
    const crowd = new Crowd(server);
    const plans = [plan('127.0.0.2'), plan('127.0.0.3'), plan('127.0.0.4', 'bad')];
    const result = await crowd.open(plans, { atOnce: 1 });
    expect(result).toMatchObject({ opened: 2, refused: { 403: 1 } });
    expect(from).toEqual(['127.0.0.2', '127.0.0.3']);
    crowd.dropAll();
    await eventually(() => expect(wss.clients.size).toBe(0));
  });

  it('reads messages of any length however they are cut, and answers pings', async () => {
    const texts = ['', 'a', 'b'.repeat(125), 'c'.repeat(126), 'd'.repeat(70_000)];
    const pongs: string[] = [];
    wss.on('connection', (socket) => {
      socket.on('pong', (payload) => pongs.push(payload.toString()));
      socket.ping('17');
      for (const text of texts) socket.send(text);
    });
    const read: string[] = [];
    const crowd = new Crowd(server, { message: (_, payload) => read.push(payload.toString()) });
    await crowd.open([plan('127.0.0.2')], { atOnce: 1 });
    await eventually(() => expect(read).toEqual(texts));
    await eventually(() => expect(pongs).toEqual(['17']));
    crowd.dropAll();
  });

  it('tells connections that end right after their 101 from others that end later', async () => {
    wss.on('connection', (socket, request) => {
      if (request.socket.remoteAddress === '127.0.0.2') {
        socket.terminate();
        return;
      }
      socket.send('welcome');
      socket.close(4001);
    });
    const crowd = new Crowd(server);
    await crowd.open([plan('127.0.0.2'), plan('127.0.0.3')], { atOnce: 2 });
    await eventually(() => expect(Object.fromEntries(crowd.lost)).toEqual({ 1006: 1, 4001: 1 }));
    expect(crowd.lostUnheard).toBe(1);
  });
});
