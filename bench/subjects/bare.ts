import { Redis } from 'ioredis';
import uws from 'uWebSockets.js';
import { serveCommands } from '../lib/serve-commands.ts';
import { channelsOf, type SubjectListening, type SubjectStart } from './protocol.ts';

/** uWebSockets.js and nothing else: what comes from Redis goes to `app.publish` as it is. */
async function start({
  redisUrl,
  channels,
  maxBackpressureBytes,
}: SubjectStart): Promise<SubjectListening> {
  const app = uws.App();
  app.ws<{ readonly channels: readonly string[] }>('/*', {
    maxBackpressure: maxBackpressureBytes,
    compression: uws.DISABLED,
    upgrade: (response, request, context) => {
      response.upgrade(
        { channels: channelsOf(request.getQuery()) },
        request.getHeader('sec-websocket-key'),
        request.getHeader('sec-websocket-protocol'),
        request.getHeader('sec-websocket-extensions'),
        context,
      );
    },
    open: (ws) => {
      for (const channel of ws.getUserData().channels) ws.subscribe(channel);
    },
  });
  const redis = new Redis(redisUrl);
  redis.on('messageBuffer', (channel: Buffer, message: Buffer) => {
    app.publish(channel.toString(), message, false);
  });
  await redis.subscribe(...channels);
  return new Promise((resolve, reject) => {
    app.listen('127.0.0.1', 0, (socket) => {
      if (socket === false) reject(new Error('uWebSockets.js does not listen'));
      else resolve({ port: uws.us_socket_local_port(socket) });
    });
  });
}

serveCommands({ start });
