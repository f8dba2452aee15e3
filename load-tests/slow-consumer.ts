// One client in ten stops reading again and again: do the others notice, and does the slow one get every
// closed candle all the same?
import { sleep } from 'k6';
import { Trend } from 'k6/metrics';
import type { Options } from 'k6/options';
import { setTimeout } from 'k6/timers';
import { Client } from './lib/client.ts';
import { compareWithHistory } from './lib/history.ts';
import { listen } from './lib/listen.ts';
import { BOUNDS, CHANNELS, CLIENTS, LISTEN_MS, RAMP_MS, gatewayOf } from './lib/options.ts';
import { summaryOf } from './lib/report.ts';
import { CONTRACT, withZeroes } from './lib/thresholds.ts';

const clients = CLIENTS(100);
const slow = Math.max(1, Math.round(clients / 10));
const listenMs = LISTEN_MS('60s');
const rampMs = RAMP_MS('5s');
/** Nothing is read for so long: well within the gateway's patience with a blocked socket. */
const STOP_SECONDS = 4;
const READ_MS = 3_000;

const fastDelivery = new Trend('fast_delivery_ms', true);

const common = { executor: 'per-vu-iterations', iterations: 1 } as const;
const maxDuration = `${rampMs + listenMs + 60_000}ms`;
export const options: Options = {
  scenarios: {
    fast: { ...common, vus: clients - slow, maxDuration, exec: 'fast' },
    slow: { ...common, vus: slow, maxDuration, exec: 'slowly' },
  },
  thresholds: { ...CONTRACT, fast_delivery_ms: [`p(99)<${BOUNDS.deliveryP99Ms}`] },
};

export function fast(): void {
  withZeroes();
  listen(__VU, { channels: CHANNELS, listenMs, rampMs, onDelivery: (ms) => fastDelivery.add(ms) });
}

export function slowly(): void {
  withZeroes();
  const gateway = gatewayOf(__VU);
  let stopAt = Date.now() + READ_MS;
  const until = Date.now() + rampMs + listenMs;
  const client = new Client({
    gateway,
    subject: `slow-${__VU}`,
    channels: CHANNELS,
    onCandle: () => {
      if (Date.now() < stopAt || Date.now() > until - READ_MS) return;
      // Holds this client's event loop: nothing more is taken from its socket.
      sleep(STOP_SECONDS);
      stopAt = Date.now() + READ_MS;
    },
  });
  client.connect();
  setTimeout(() => {
    client.close();
    compareWithHistory(client, gateway);
  }, rampMs + listenMs);
}

export const handleSummary = summaryOf('slow-consumer');
