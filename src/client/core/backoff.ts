/** Upper bound of the first wait; doubles with every failed attempt. */
export const BASE_DELAY_MS = 500;
/** No wait is longer than this. */
export const MAX_DELAY_MS = 30_000;

/**
 * Exponential backoff with full jitter: anywhere between nothing and the bound, so that a thousand
 * clients of a restarted gateway do not come back in step.
 *
 * @param attempts failed attempts so far, 0 for the first retry
 * @param random a number in [0, 1)
 * @returns ms to wait
 */
export function fullJitterDelay(attempts: number, random: number): number {
  return Math.floor(random * Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** attempts));
}
