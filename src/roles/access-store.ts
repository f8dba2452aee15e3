import { createRedisAccess } from '../access/redis/redis-access.ts';
import { RevocationsFullError, StoreUnavailableError } from '../access/store-errors.ts';
import type { AccessStores } from '../access/stores.ts';
import { CommandFailure } from '../cli/console.ts';
import type { ConfigOf } from '../config/load.ts';
import { createLog } from '../log/log.ts';
import { redisConnections } from './redis-parts.ts';

/**
 * Opens the stores that the gateways use for as long as `use` takes.
 *
 * @throws CommandFailure when there is no Redis to talk to, or no room in it
 */
export async function withAccessStores<T>(
  { redis }: Pick<ConfigOf<'key'>, 'redis'>,
  use: (stores: AccessStores) => Promise<T>,
): Promise<T> {
  const log = createLog({ level: 'silent', format: 'json', role: 'command', instance: '' });
  const stores = createRedisAccess({ connections: redisConnections(redis, log), log });
  try {
    return await use(stores);
  } catch (error) {
    if (error instanceof StoreUnavailableError) {
      throw new CommandFailure(
        `${error.message}. Keys and revocations live in the Redis of the gateways; a standalone process has none.`,
      );
    }
    if (error instanceof RevocationsFullError) throw new CommandFailure(error.message);
    throw error;
  } finally {
    await stores.close();
  }
}
