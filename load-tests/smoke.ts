// One client of each gateway: does everything work at all? Some seconds.
import { check } from 'k6';
import http from 'k6/http';
import type { Options } from 'k6/options';
import { setTimeout } from 'k6/timers';
import { Client } from './lib/client.ts';
import { compareWithHistory } from './lib/history.ts';
import { CHANNELS, GATEWAYS, LISTEN_MS, gatewayOf, restOf } from './lib/options.ts';
import { summaryOf } from './lib/report.ts';
import { CONTRACT, CONNECTIONS, withZeroes } from './lib/thresholds.ts';
import { tokenFor } from './lib/token.ts';

const listenMs = LISTEN_MS('10s');

export const options: Options = {
  scenarios: {
    smoke: {
      executor: 'per-vu-iterations',
      vus: GATEWAYS.length,
      iterations: 1,
      maxDuration: `${listenMs + 30_000}ms`,
    },
  },
  thresholds: { checks: ['rate==1'], ...CONTRACT, ...CONNECTIONS },
};

export default function smoke(): void {
  withZeroes();
  const gateway = gatewayOf(__VU - 1);
  checkRest(restOf(gateway));
  let isReady = false;
  let updates = 0;
  const client = new Client({
    gateway,
    subject: `smoke-${__VU}`,
    channels: CHANNELS,
    snapshot: 5,
    onReady: () => {
      isReady = true;
    },
    onCandle: () => {
      updates += 1;
    },
  });
  client.connect();
  setTimeout(() => {
    client.close();
    check(null, {
      'every channel was subscribed and had a snapshot': () => isReady,
      'candles came': () => updates > 0,
    });
    compareWithHistory(client, gateway);
  }, listenMs);
}

function checkRest(base: string): void {
  const headers = { Authorization: `Bearer ${tokenFor('smoke')}` };
  check(http.get(`${base}/api/v1/live/health`), {
    'health answers': ({ status }) => status === 200,
  });
  check(http.get(`${base}/api/v1/live/channels`, { headers }), {
    'channels are listed': ({ status }) => status === 200,
  });
  // A refused request is what is wanted here: it must not count as a failed one.
  const responseCallback = http.expectedStatuses(401);
  check(http.get(`${base}/api/v1/live/channels`, { responseCallback }), {
    'nobody is let in without a token': ({ status }) => status === 401,
  });
}

export const handleSummary = summaryOf('smoke');
