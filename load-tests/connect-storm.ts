// Many clients that all come within seconds, as after an outage: is everybody let in, and how soon served?
import type { Options } from 'k6/options';
import { setTimeout } from 'k6/timers';
import { Client } from './lib/client.ts';
import { CHANNELS, LISTEN_MS, RATE, gatewayOf } from './lib/options.ts';
import { summaryOf } from './lib/report.ts';
import { CONNECTIONS, withZeroes } from './lib/thresholds.ts';

const rate = RATE(50);
const durationMs = LISTEN_MS('20s');
/** How long each client stays once it is served. */
const STAY_MS = 2_000;

export const options: Options = {
  scenarios: {
    storm: {
      executor: 'constant-arrival-rate',
      rate,
      timeUnit: '1s',
      duration: `${durationMs}ms`,
      preAllocatedVUs: rate * 2,
      maxVUs: rate * 20,
    },
  },
  thresholds: {
    ...CONNECTIONS,
    ws_connecting: ['p(95)<1000'],
    resume_ms: ['p(95)<2000'],
    dropped_iterations: ['count==0'],
  },
};

export default function storm(): void {
  withZeroes();
  const client = new Client({
    gateway: gatewayOf(__ITER + __VU),
    subject: `storm-${__VU}`,
    channels: CHANNELS,
    snapshot: 50,
    onReady: () => {
      setTimeout(() => client.close(), STAY_MS);
    },
  });
  client.connect();
}

export const handleSummary = summaryOf('connect-storm');
