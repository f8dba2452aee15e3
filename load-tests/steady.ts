// N clients that listen for a while: is every closed candle there, and how late are candles by hop?
import type { Options } from 'k6/options';
import { listen } from './lib/listen.ts';
import { CHANNELS, CLIENTS, LISTEN_MS, RAMP_MS } from './lib/options.ts';
import { summaryOf } from './lib/report.ts';
import { CONNECTIONS, CONTRACT, LATENCY, withZeroes } from './lib/thresholds.ts';

const clients = CLIENTS(100);
const listenMs = LISTEN_MS('60s');
const rampMs = RAMP_MS('5s');

export const options: Options = {
  scenarios: {
    steady: {
      executor: 'per-vu-iterations',
      vus: clients,
      iterations: 1,
      maxDuration: `${rampMs + listenMs + 30_000}ms`,
    },
  },
  thresholds: { ...CONTRACT, ...LATENCY, ...CONNECTIONS },
};

export default function steady(): void {
  withZeroes();
  listen(__VU - 1, { channels: CHANNELS, listenMs, rampMs });
}

export const handleSummary = summaryOf('steady');
