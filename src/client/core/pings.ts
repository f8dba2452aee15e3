import type { ServerMessageOf } from '../../candle/messages.ts';
import type { ClockEstimate } from '../types.ts';
import type { Port } from './port.ts';

/** Time between pings. They measure the round trip and find dead connections. */
export const PING_INTERVAL_MS = 5_000;
/** A new connection pings faster: its first pings wait behind the snapshot and mislead the clock. */
const FIRST_PING_INTERVAL_MS = 1_000;
/** A connection that has answered more than these is stable. */
const FIRST_PINGS = 4;
/** An unanswered ping makes the connection count as dead after this. */
export const PONG_TIMEOUT_MS = 10_000;
/** Pings remembered: enough to find one that did not queue, few enough to follow a drifting clock. */
const MAX_SAMPLES = 12;

export type Pings = ReturnType<typeof startPings>;

/** Pings on a new connection, the first one at once. */
export function startPings(
  { now, send, after }: Pick<Port, 'now' | 'send' | 'after'>,
  onDead: () => void,
  onStable: () => void,
) {
  const samples: (readonly [roundTripMs: number, offsetMs: number])[] = [];
  let count = 0;
  let sentAt: number;
  let cancelTimeout: () => void;
  let clock: ClockEstimate | null = null;

  function ping(): void {
    count += 1;
    sentAt = now();
    send({ type: 'ping', id: `p${count}` });
    cancelTimeout = after(PONG_TIMEOUT_MS, onDead);
  }
  ping();

  return {
    /** The gateway's clock; null before the first answer. */
    clock: () => clock,

    /**
     * Estimates the clock as NTP does (RFC 5905, section 8): the sample with the shortest round trip is the
     * most truthful one.
     */
    pong({ id, time }: ServerMessageOf<'pong'>): void {
      if (id !== `p${count}`) return;
      cancelTimeout();
      const receivedAt = now();
      const roundTripMs = receivedAt - sentAt;
      samples.push([roundTripMs, time - (sentAt + receivedAt) / 2]);
      if (samples.length > MAX_SAMPLES) samples.shift();
      const [bestRoundTripMs, offsetMs] = samples.reduce((a, b) => (b[0] < a[0] ? b : a));
      clock = { offsetMs, bestRoundTripMs, roundTripMs };
      if (count > FIRST_PINGS) onStable();
      after(count > FIRST_PINGS ? PING_INTERVAL_MS : FIRST_PING_INTERVAL_MS, ping);
    },
  };
}
