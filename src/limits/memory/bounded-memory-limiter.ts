import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, type IRateLimiterOptions } from 'rate-limiter-flexible';

/**
 * The library's limiter in memory, for so many keys at most: a flood of addresses makes it forget the
 * least recently seen ones instead of growing.
 */
export class BoundedMemoryLimiter extends RateLimiterMemory {
  readonly #keys: LRUCache<string, true>;

  constructor(options: IRateLimiterOptions, maxKeys: number) {
    super(options);
    this.#keys = new LRUCache({
      max: maxKeys,
      dispose: (_value, key, reason) => {
        if (reason === 'evict') void super.delete(key);
      },
    });
  }

  get size(): number {
    return this.#keys.size;
  }

  override consume(
    key: string | number,
    points?: number,
    options?: Record<string, unknown>,
  ): ReturnType<RateLimiterMemory['consume']> {
    this.#keys.set(String(key), true);
    return super.consume(key, points, options);
  }
}
