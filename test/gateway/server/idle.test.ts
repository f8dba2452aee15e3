import { expect, it, vi } from 'vitest';
import { connectClient, startServer } from './harness.ts';

// In a file of its own, so that others run while it waits: eight seconds is the shortest there is.
it('a socket breaks when nothing comes from it for the idle time, not even a pong', async () => {
  const harness = await startServer({ settings: { idleTimeoutMs: 8000 } });
  const quiet = await connectClient(harness);
  const answering = await connectClient(harness);
  quiet.pause();
  const [quietSession, answeringSession] = harness.sessions;
  const pinging = setInterval(() => answeringSession?.transport.ping('still there?'), 1000);
  await vi.waitFor(() => expect(quietSession?.closes).toEqual([1006]), {
    timeout: 18_000,
    interval: 100,
  });
  clearInterval(pinging);
  expect(answeringSession?.closes).toEqual([]);
  answering.terminate();
  harness.server.close();
});
