import { execFileSync } from 'node:child_process';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { connectClient, startServer, type Harness } from './harness.ts';
import { eventually } from '../../support/eventually.ts';

/** The native server gathers up to 32 messages for a client, or 16 KB, before it writes. */
const TOPICS = Array.from({ length: 30 }, (_, index) => `topic-${index}`);
const FRAME = 'x'.repeat(300);

/** TCP segments with data that the server's port has sent on its open connections, as the kernel counts. */
function segmentsSent(port: number): number {
  const text = execFileSync('ss', ['-tinH', 'state', 'established', `( sport = :${port} )`], {
    encoding: 'utf8',
  });
  return [...text.matchAll(/data_segs_out:(\d+)/g)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}

function hasSocketStatistics(): boolean {
  try {
    return execFileSync('ss', ['-V'], { encoding: 'utf8' }).includes('ss utility');
  } catch {
    return false;
  }
}

const running: Harness[] = [];
afterEach(() => {
  for (const { server } of running.splice(0)) server.close();
});

/** A client on all topics, and what it takes to publish to each of them in `turns` turns. */
async function publishIn(turns: number): Promise<number> {
  const harness = await startServer();
  running.push(harness);
  const client = await connectClient(harness);
  const received: string[] = [];
  client.on('message', (data: Buffer) => received.push(data.toString()));
  for (const topic of TOPICS) harness.sessions[0]?.transport.join(topic);
  const before = segmentsSent(harness.port);
  for (const [index, topic] of TOPICS.entries()) {
    harness.server.broadcaster.publish(topic, FRAME);
    if ((index + 1) % (TOPICS.length / turns) === 0) {
      await turn();
      await turn();
    }
  }
  await eventually(() => expect(received).toHaveLength(TOPICS.length));
  const segments = segmentsSent(harness.port) - before;
  client.terminate();
  return segments;
}

// The kernel's count needs `ss` (Debian: iproute2).
describe.runIf(hasSocketStatistics())('what is published in one turn of the event loop', () => {
  it('is one write for a client on 30 topics', async () => {
    expect(await publishIn(1)).toBe(1);
  });

  it('is as many writes as turns', async () => {
    expect(await publishIn(10)).toBe(10);
  });
});
