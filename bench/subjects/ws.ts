import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { WebSocketServer, type WebSocket } from 'ws';
import { serveCommands } from '../lib/serve-commands.ts';
import { channelsOf, type SubjectListening, type SubjectStart } from './protocol.ts';

/** `ws` and ioredis as they are usually put together, done well: no decoding, one buffer for all clients. */
async function start({ redisUrl, channels }: SubjectStart): Promise<SubjectListening> {
  const rooms = new Map(channels.map((channel) => [channel, new Set<WebSocket>()]));
  const http = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  server.on('connection', (client, request) => {
    const own = channelsOf(request.url?.split('?')[1] ?? '');
    for (const channel of own) rooms.get(channel)?.add(client);
    client.on('close', () => {
      for (const channel of own) rooms.get(channel)?.delete(client);
    });
    client.on('error', () => client.terminate());
  });
  const redis = new Redis(redisUrl);
  redis.on('messageBuffer', (channel: Buffer, message: Buffer) => {
    const room = rooms.get(channel.toString());
    if (room === undefined) return;
    for (const client of room) client.send(message, { binary: false });
  });
  await redis.subscribe(...channels);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return { port: (http.address() as AddressInfo).port };
}

serveCommands({ start });
