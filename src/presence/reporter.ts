import type { Logger } from 'pino';
import type { Source } from '../candle/messages.ts';
import { createAsk } from '../redis/ask.ts';
import type { RedisClient } from '../redis/client.ts';
import { watchConnection } from '../redis/connection-watch.ts';
import type { RedisConnections } from '../redis/connections.ts';
import {
  PRESENCE_FORGOTTEN_MS,
  PRESENCE_INTERVAL_MS,
  presenceKey,
  type Presence,
} from './presence.ts';

/**
 * Writes a presence with the server's time, and takes out those that have not been heard for long.
 *
 *   KEYS[1]  hash of presences
 *   ARGV[1]  field
 *   ARGV[2]  presence, JSON
 *   ARGV[3]  after how many ms one is forgotten
 */
const REPORT = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now) .. ' ' .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local heard = tonumber(string.match(all[i + 1], '^(%d+) '))
  if not heard or heard < now - tonumber(ARGV[3]) then redis.call('HDEL', KEYS[1], all[i]) end
end
return 1
`;

interface ReportingRedis {
  candlegateReport(key: string, field: string, text: string, forgetMs: number): Promise<unknown>;
}

export interface PresenceReporterDeps {
  readonly connections: RedisConnections;
  readonly source: Source;
  readonly presence: () => Presence;
  readonly log: Logger;
  /** Default: `PRESENCE_INTERVAL_MS`. */
  readonly intervalMs?: number;
}

/** Says that this process is there. Nothing else depends on it, so that a failure is only logged. */
export interface PresenceReporter {
  start(): void;
  /** Says farewell and closes the connection. Never rejects. */
  stop(): Promise<void>;
}

export function createPresenceReporter(deps: PresenceReporterDeps): PresenceReporter {
  const { connections, source, presence, log, intervalMs = PRESENCE_INTERVAL_MS } = deps;
  const key = presenceKey(source);
  const connection: RedisClient = connections.open('presence');
  watchConnection(connection, 'presence', { log, address: connections.address });
  connection.defineCommand('candlegateReport', { lua: REPORT, numberOfKeys: 1 });
  const scripts = connection as unknown as ReportingRedis;
  const ask = createAsk(connection, connections);
  let timer: NodeJS.Timeout | undefined;
  let isFailing = false;
  let lastReport: Promise<void> = Promise.resolve();

  async function report(): Promise<void> {
    const text = presence();
    try {
      await ask('report of presence', () =>
        scripts.candlegateReport(key, fieldOf(text), JSON.stringify(text), PRESENCE_FORGOTTEN_MS),
      );
      isFailing = false;
    } catch (error) {
      // Once per outage; an ACL that lacks a right is one that lasts.
      log[isFailing ? 'debug' : 'warn'](
        { err: error },
        '`candlegate status` will miss this process',
      );
      isFailing = true;
    }
  }

  return {
    start() {
      const tick = () => (lastReport = report());
      void tick();
      timer = setInterval(() => void tick(), intervalMs);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
      // Or the farewell would be overtaken by a report that is under way.
      await lastReport;
      if (connection.status === 'ready') {
        await ask('farewell', () => connection.hdel(key, fieldOf(presence()))).catch(
          (error: unknown) => log.debug({ err: error }, 'no farewell'),
        );
      }
      await connections.close(connection);
    },
  };
}

function fieldOf({ role, instance }: Presence): string {
  return `${role}:${instance}`;
}
