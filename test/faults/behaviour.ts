import { setTimeout as delay } from 'node:timers/promises';
import type { ReferenceClient } from './reference-client.ts';

/** Uniform in [from, to). */
export type Between = (from: number, to: number) => number;

/** Lets a client misbehave again and again until the signal ends it; it ends as a good one. */
export type Behaviour = (
  client: ReferenceClient,
  between: Between,
  signal: AbortSignal,
) => Promise<void>;

/** Stops reading for a while, reads for a while. */
export const slow: Behaviour = (client, between, signal) =>
  until(signal, async () => {
    await delay(between(500, 4_000), undefined, { signal });
    client.pause();
    try {
      await delay(between(300, 6_000), undefined, { signal });
    } finally {
      client.unpause();
    }
  });

/** Goes away for a while, comes back. */
export const reconnecting: Behaviour = (client, between, signal) =>
  until(signal, async () => {
    await delay(between(300, 5_000), undefined, { signal });
    client.leave(between(0, 1) < 0.5 ? 'close' : 'terminate');
    try {
      await delay(between(0, 3_000), undefined, { signal });
    } finally {
      client.start();
    }
  });

async function until(signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  try {
    while (!signal.aborted) await act();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
