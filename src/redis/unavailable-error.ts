/** Redis gave no answer. What was asked of it may or may not have happened. */
export class RedisUnavailableError extends Error {
  override readonly name = 'RedisUnavailableError';
}
