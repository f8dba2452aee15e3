import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';
import { serveCommands } from '../lib/serve-commands.ts';
import type { SubjectListening, SubjectStart } from './protocol.ts';

/** Socket.IO with a room for each channel, over WebSocket only. */
async function start({ redisUrl, channels }: SubjectStart): Promise<SubjectListening> {
  const http = createServer();
  const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false });
  io.on('connection', (socket) => {
    const asked = socket.handshake.query['channels'];
    void socket.join(typeof asked === 'string' ? asked.split(',') : []);
  });
  const redis = new Redis(redisUrl);
  redis.on('message', (channel: string, message: string) => {
    io.to(channel).emit('candle', JSON.parse(message));
  });
  await redis.subscribe(...channels);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return { port: (http.address() as AddressInfo).port };
}

serveCommands({ start });
