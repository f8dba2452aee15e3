import { Counter, Rate, Trend } from 'k6/metrics';
import type { CandleMessage } from './messages.ts';

/** What all scenarios measure. Times in ms; the clocks of gateway and load generator must agree. */
export const metrics = {
  /** From the hand-over to the bus until the message was read from the socket here. */
  delivery: new Trend('candle_delivery_ms', true),
  /** By `hop`: ingest, bus, client. */
  hop: new Trend('candle_hop_ms', true),
  closed: new Counter('closed_candles'),
  missing: new Counter('closed_candles_missing'),
  disordered: new Counter('closed_candles_out_of_order'),
  updates: new Counter('candle_updates'),
  upgrades: new Rate('upgrades_ok'),
  resumed: new Rate('resumes_recovered'),
  resumeTime: new Trend('resume_ms', true),
  lostConnections: new Counter('connections_lost'),
  closes: new Counter('connection_closes'),
  errors: new Counter('protocol_errors'),
};

/** @param receivedAt ms since 1970 */
export function measure({ times }: CandleMessage, receivedAt: number): void {
  metrics.delivery.add(receivedAt - times.published);
  metrics.hop.add(times.published - times.ingest, { hop: 'ingest' });
  metrics.hop.add(times.gateway - times.published, { hop: 'bus' });
  metrics.hop.add(receivedAt - times.gateway, { hop: 'client' });
}
