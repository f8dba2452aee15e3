// The same as steady, for hours: does memory, lag or loss creep in? Defaults to one hour.
import type { Options } from 'k6/options';
import { listen } from './lib/listen.ts';
import { CHANNELS, CLIENTS, LISTEN_MS, RAMP_MS } from './lib/options.ts';
import { summaryOf } from './lib/report.ts';
import { CONNECTIONS, CONTRACT, LATENCY, withZeroes } from './lib/thresholds.ts';

const clients = CLIENTS(200);
const listenMs = LISTEN_MS('1h');
const rampMs = RAMP_MS('60s');

export const options: Options = {
  scenarios: {
    soak: {
      executor: 'per-vu-iterations',
      vus: clients,
      iterations: 1,
      maxDuration: `${rampMs + listenMs + 30_000}ms`,
    },
  },
  thresholds: { ...CONTRACT, ...LATENCY, ...CONNECTIONS },
};

export default function soak(): void {
  withZeroes();
  listen(__VU - 1, { channels: CHANNELS, listenMs, rampMs });
}

export const handleSummary = summaryOf('soak');
