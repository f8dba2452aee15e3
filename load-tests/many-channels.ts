// Clients that subscribe to everything that is served: does the latency grow with the channels?
import { fail } from 'k6';
import http from 'k6/http';
import type { Options } from 'k6/options';
import { listen } from './lib/listen.ts';
import { CLIENTS, LISTEN_MS, RAMP_MS, gatewayOf, restOf } from './lib/options.ts';
import { summaryOf } from './lib/report.ts';
import { CONNECTIONS, CONTRACT, LATENCY, withZeroes } from './lib/thresholds.ts';
import { tokenFor } from './lib/token.ts';

const clients = CLIENTS(20);
const listenMs = LISTEN_MS('60s');
const rampMs = RAMP_MS('5s');

export const options: Options = {
  scenarios: {
    many: {
      executor: 'per-vu-iterations',
      vus: clients,
      iterations: 1,
      maxDuration: `${rampMs + listenMs + 30_000}ms`,
    },
  },
  thresholds: { ...CONTRACT, ...LATENCY, ...CONNECTIONS },
};

/** Asks a gateway what it serves. */
export function setup(): { readonly channels: readonly string[] } {
  const headers = { Authorization: `Bearer ${tokenFor('many-channels')}` };
  const response = http.get(`${restOf(gatewayOf(0))}/api/v1/live/channels`, { headers });
  if (response.status !== 200) fail(`the channels could not be listed: ${response.status}`);
  const { channels } = response.json() as unknown as {
    readonly channels: readonly { readonly channel: string }[];
  };
  return { channels: channels.map(({ channel }) => channel) };
}

export default function many({ channels }: { readonly channels: readonly string[] }): void {
  withZeroes();
  listen(__VU - 1, { channels, listenMs, rampMs });
}

export const handleSummary = summaryOf('many-channels');
