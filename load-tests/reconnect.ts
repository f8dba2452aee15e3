// Clients that go away and come back with what they have: does the resume bring everything, and how soon?
import type { Options } from 'k6/options';
import { setTimeout } from 'k6/timers';
import { Client } from './lib/client.ts';
import { compareWithHistory } from './lib/history.ts';
import { CHANNELS, CLIENTS, LISTEN_MS, gatewayOf } from './lib/options.ts';
import { summaryOf } from './lib/report.ts';
import { CONTRACT, withZeroes } from './lib/thresholds.ts';

const clients = CLIENTS(50);
const listenMs = LISTEN_MS('60s');
/** Longest time at a gateway, and away. */
const STAY_MS = 8_000;
const AWAY_MS = 5_000;

export const options: Options = {
  scenarios: {
    reconnect: {
      executor: 'per-vu-iterations',
      vus: clients,
      iterations: 1,
      maxDuration: `${listenMs + STAY_MS + AWAY_MS + 30_000}ms`,
    },
  },
  thresholds: {
    ...CONTRACT,
    upgrades_ok: ['rate==1'],
    resumes_recovered: ['rate==1'],
    resume_ms: ['p(99)<1000'],
  },
};

export default function reconnect(): void {
  withZeroes();
  const gateway = gatewayOf(__VU);
  const until = Date.now() + listenMs;
  const client = new Client({
    gateway,
    subject: `reconnect-${__VU}`,
    channels: CHANNELS,
    onEnd: () => {
      if (Date.now() < until) setTimeout(stay, Math.random() * AWAY_MS);
      else compareWithHistory(client, gateway);
    },
  });
  function stay(): void {
    client.connect();
    setTimeout(() => client.close(), 1_000 + Math.random() * STAY_MS);
  }
  stay();
}

export const handleSummary = summaryOf('reconnect');
