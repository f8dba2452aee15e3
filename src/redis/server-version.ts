import type { Logger } from 'pino';
import type { RedisClient } from './client.ts';

/** The oldest Redis that knows what the scripts and the client need. */
const OLDEST = [6, 2] as const;

/** What `INFO server` says of the server's version. Valkey and others state which Redis they equal. */
export interface ServerVersion {
  /** `redis`, `valkey`, … */
  readonly product: string;
  readonly version: string;
  /** Whether it is at least Redis 6.2, or equals one. */
  readonly isSupported: boolean;
}

/** Reads the answer to `INFO server`; null when it names no version. */
export function readServerVersion(info: string): ServerVersion | null {
  const fields = new Map(
    info.split(/\r?\n/).map((line) => [line.split(':', 1)[0], line.slice(line.indexOf(':') + 1)]),
  );
  const redisVersion = fields.get('redis_version');
  const [major, minor] = redisVersion?.split('.').map(Number) ?? [];
  if (redisVersion === undefined || major === undefined || minor === undefined) return null;
  const product = fields.get('server_name') ?? 'redis';
  return {
    product,
    version: fields.get(`${product}_version`) ?? redisVersion,
    isSupported: major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]),
  };
}

/** Says in the log when the server is too old, or does not say how old it is. */
export async function checkServerVersion(redis: RedisClient, log: Logger): Promise<void> {
  try {
    const server = readServerVersion(await redis.info('server'));
    if (server === null) {
      log.warn('the server does not say which version of Redis it is');
    } else if (!server.isSupported) {
      const found = `${server.product} ${server.version}`;
      log.error({ found }, `this is ${found}; candlegate needs Redis 6.2 or newer, or Valkey`);
    }
  } catch (error) {
    log.warn({ err: error }, 'the version of the server could not be read');
  }
}
