// One address tries to connect far more often than it may: it is told so with a 429 that says when to come
// back, and nothing else than 101 and 429 is answered.
import { check } from 'k6';
import http from 'k6/http';
import { Counter } from 'k6/metrics';
import type { Options } from 'k6/options';
import { setTimeout } from 'k6/timers';
import { WebSocket } from 'k6/websockets';
import { LISTEN_MS, RATE, gatewayOf, restOf } from './lib/options.ts';
import { summaryOf } from './lib/report.ts';
import { tokenFor } from './lib/token.ts';

/** More a second than the gateways' `attempts-per-ip` allows in this time. */
const rate = RATE(100);
const durationMs = LISTEN_MS('10s');
const STAY_MS = 200;
/** RFC 6455, section 4.1; any 16 bytes will do. */
const HANDSHAKE = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'Y2FuZGxlZ2F0ZS1rNi1rZQ==',
};

const admitted = new Counter('upgrades_admitted');
const refused = new Counter('upgrades_refused');

export const options: Options = {
  scenarios: {
    flood: {
      executor: 'constant-arrival-rate',
      rate,
      timeUnit: '1s',
      duration: `${durationMs}ms`,
      preAllocatedVUs: rate,
      maxVUs: rate * 3,
    },
  },
  thresholds: {
    checks: ['rate==1'],
    upgrades_admitted: ['count>0'],
    upgrades_refused: ['count>0'],
  },
};

export default function flood(): void {
  const gateway = gatewayOf(__ITER);
  const headers = { Authorization: `Bearer ${tokenFor(`flood-${__VU}`)}` };
  const socket = new WebSocket(`${gateway}/api/v1/live/ws`, null, {
    headers,
    tags: { name: 'live' },
  });
  let isOpen = false;
  socket.addEventListener('open', () => {
    isOpen = true;
    admitted.add(1);
    setTimeout(() => socket.close(), STAY_MS);
  });
  socket.addEventListener('error', () => {
    if (isOpen) return;
    refused.add(1);
    lookAtRefusal(restOf(gateway), headers);
  });
}

/** The WebSocket API does not show how an upgrade was refused; a plain request in its shape does. */
function lookAtRefusal(base: string, headers: Record<string, string>): void {
  const response = http.get(`${base}/api/v1/live/ws`, {
    headers: { ...headers, ...HANDSHAKE },
    // A connection that is let in after all never ends by itself.
    timeout: '2s',
    responseCallback: http.expectedStatuses(429),
    tags: { name: 'refused' },
  });
  check(response, {
    'is refused with 429': ({ status }) => status === 429,
    'says when to come back': (answer) => /^[1-9]\d*$/.test(answer.headers['Retry-After'] ?? ''),
    'names the limit': (answer) =>
      (answer.json() as { code?: string } | null)?.code === 'too_many_attempts',
  });
}

export const handleSummary = summaryOf('rate-limit');
