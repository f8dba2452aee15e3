import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;
/** Long enough for a machine that does other things as well, and within the time that a test may take. */
const PATIENCE_MS = 10_000;

/**
 * Does something again and again until it does not throw. Unlike `vi.waitFor` it waits for more than
 * a second, and works outside of vitest too.
 *
 * @throws what was thrown last, once the time is up
 */
export async function eventually<T>(
  act: () => T | Promise<T>,
  timeoutMs = PATIENCE_MS,
): Promise<T> {
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
