import { RateLimiterRes } from 'rate-limiter-flexible';
import type { WindowQuota, WindowState } from './store.ts';

/**
 * What the library's answer means: it rejects with its result when the quota is used up, and with an
 * Error when something is wrong.
 *
 * @throws what is wrong
 */
export async function windowState(
  answer: Promise<RateLimiterRes>,
  { windowSeconds }: WindowQuota,
): Promise<WindowState> {
  let result: RateLimiterRes;
  let allowed = true;
  try {
    result = await answer;
  } catch (error) {
    if (!(error instanceof RateLimiterRes)) throw error;
    result = error;
    allowed = false;
  }
  // A key without expiry would be -1; there is none.
  const resetMs = result.msBeforeNext > 0 ? result.msBeforeNext : windowSeconds * 1000;
  return { allowed, remaining: allowed ? result.remainingPoints : 0, resetMs };
}
