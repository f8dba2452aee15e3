import { startRemote } from './remote.ts';
import type { SubjectListening, SubjectStart } from '../subjects/protocol.ts';
import type { Subject, SubjectOptions } from './subject.ts';

/** The default of `CANDLEGATE_MAX_BACKPRESSURE_BYTES`, so that slow sockets are treated alike. */
const MAX_BACKPRESSURE_BYTES = 65_536;

const KINDS = {
  bare: { name: 'bare uWebSockets.js', path: '/' },
  ws: { name: 'ws', path: '/' },
  'socket.io': { name: 'socket.io', path: '/socket.io/?EIO=4&transport=websocket' },
} as const;
export type PlainKind = keyof typeof KINDS;

interface PlainCommands {
  readonly start: (start: SubjectStart) => Promise<SubjectListening>;
  readonly [name: string]: (argument: never) => unknown;
}

/** Starts one of the servers of `bench/subjects/`. */
export async function startPlainSubject(
  kind: PlainKind,
  { redisUrl, channels, core, execArgv }: SubjectOptions,
): Promise<Subject> {
  const { name, path } = KINDS[kind];
  const remote = startRemote<PlainCommands>(kind, core, execArgv);
  const { port } = await remote.ask('start', {
    redisUrl,
    channels: channels.map((channel) => channel.name),
    maxBackpressureBytes: MAX_BACKPRESSURE_BYTES,
  });
  const isEngineIo = kind === 'socket.io';
  return {
    name,
    pid: remote.pid,
    port,
    isEngineIo,
    channels,
    connections(count, subscribed) {
      const wanted = subscribed.map((channel) => channel.name).join(',');
      const query = `${path.includes('?') ? '&' : '?'}channels=${encodeURIComponent(wanted)}`;
      // Engine.IO's packet `message` with Socket.IO's packet `connect` in it.
      const hello = isEngineIo ? ['40'] : [];
      return Promise.resolve([{ count, path: path + query, headers: {}, hello }]);
    },
    stop: () => remote.stop(),
  };
}
