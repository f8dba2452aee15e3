import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;

/**
 * Does something again and again until it does not throw. Unlike `vi.waitFor` it also works outside
 * of vitest.
 *
 * @throws what was thrown last, once the time is up
 */
export async function eventually<T>(act: () => T | Promise<T>, timeoutMs: number): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await delay(POLL_MS);
    }
  }
}
