import type { ClockEstimate, HopLatencies, HopTimes } from '../types.ts';

/**
 * Two clocks that disagree by more than this are not merely out of step: the exchange's runs at
 * another speed (a simulator may), and the difference says nothing about lateness.
 */
const MAX_CLOCK_LEAD_MS = 1_000;

/**
 * Latency per hop of one message.
 *
 * @param receivedAt when it was received, ms since 1970 by this machine's clock
 * @param clock the estimated difference of the gateway's clock; without it the last hop is unknown
 */
export function hopLatencies(
  { exchange, ingest, published, gateway }: HopTimes,
  receivedAt: number,
  clock: ClockEstimate | null,
): HopLatencies {
  const fromExchange = ingest - exchange;
  const first = fromExchange < -MAX_CLOCK_LEAD_MS ? null : fromExchange;
  // The error of the offset (half a round trip) may exceed a short hop: never less than nothing.
  const client = clock && Math.max(0, receivedAt + clock.offsetMs - gateway);
  return {
    ingest: first,
    bus: published - ingest,
    gateway: gateway - published,
    client,
    total: first === null || client === null ? null : client + gateway - exchange,
  };
}
