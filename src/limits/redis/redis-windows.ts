import { RateLimiterRedis } from 'rate-limiter-flexible';
import type { RedisClient } from '../../redis/client.ts';
import type { MemoryWindows } from '../memory/memory-windows.ts';
import type { RateWindows, WindowQuota, WindowState } from '../store.ts';
import { windowState } from '../window-state.ts';

export interface RedisWindowsDeps {
  readonly connection: RedisClient;
  readonly prefix: string;
  /** Counts while the store is away. */
  readonly insurance: MemoryWindows;
  readonly isAvailable: () => boolean;
  /** Bounds the wait for an answer, and notes what goes wrong. */
  readonly answerOf: <T>(answer: Promise<T>) => Promise<T>;
}

/** What the library calls of a client. */
interface LimiterClient {
  readonly status: string;
  defineCommand: RedisClient['defineCommand'];
  multi(): unknown;
  rlflxIncr(keyAndArguments: readonly string[]): Promise<unknown>;
}

/** Windows over all gateways by rate-limiter-flexible, insured by this process's share in memory. */
export class RedisWindows implements RateWindows {
  readonly #deps: RedisWindowsDeps;
  readonly #client: LimiterClient;
  /** By quota: there are as many as plans. */
  readonly #limiters = new Map<string, RateLimiterRedis>();

  constructor(deps: RedisWindowsDeps) {
    this.#deps = deps;
    const connection = deps.connection as RedisClient & Pick<LimiterClient, 'rlflxIncr'>;
    this.#client = {
      get status() {
        return deps.isAvailable() ? connection.status : 'away';
      },
      defineCommand: (name, definition) => connection.defineCommand(name, definition),
      multi: () => connection.multi(),
      rlflxIncr: (keyAndArguments) => deps.answerOf(connection.rlflxIncr(keyAndArguments)),
    };
  }

  async hit(key: string, quota: WindowQuota): Promise<WindowState> {
    return windowState(this.#limiter(quota).consume(key), quota);
  }

  #limiter(quota: WindowQuota): RateLimiterRedis {
    const { limit, windowSeconds, blockSeconds = 0 } = quota;
    // Asked for every time, because the share changes with the number of gateways.
    const insuranceLimiter = this.#deps.insurance.limiter(quota);
    const name = `${limit}/${windowSeconds}/${blockSeconds}`;
    let limiter = this.#limiters.get(name);
    if (limiter === undefined) {
      limiter = new RateLimiterRedis({
        storeClient: this.#client,
        rejectIfRedisNotReady: true,
        keyPrefix: this.#deps.prefix.replace(/:$/, ''),
        points: limit,
        duration: windowSeconds,
        blockDuration: blockSeconds,
        // What has used up its quota is refused from memory until the window ends.
        inMemoryBlockOnConsumed: limit + 1,
        ...(blockSeconds > 0 ? { inMemoryBlockDuration: blockSeconds } : {}),
        insuranceLimiter,
      });
      this.#limiters.set(name, limiter);
    }
    return limiter;
  }
}
