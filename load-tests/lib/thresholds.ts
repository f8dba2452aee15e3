import type { Options } from 'k6/options';
import { metrics } from './metrics.ts';
import { BOUNDS } from './options.ts';

type Thresholds = NonNullable<Options['thresholds']>;

/** The delivery contract: every closed candle, in order. Skipped updates of the open candle are allowed. */
export const CONTRACT: Thresholds = {
  closed_candles: ['count>0'],
  closed_candles_missing: ['count==0'],
  closed_candles_out_of_order: ['count==0'],
  protocol_errors: ['count==0'],
};

/** How late candles may be, in all and by hop. */
export const LATENCY: Thresholds = {
  candle_delivery_ms: [`p(99)<${BOUNDS.deliveryP99Ms}`],
  'candle_hop_ms{hop:ingest}': [`p(99)<${BOUNDS.busP99Ms}`],
  'candle_hop_ms{hop:bus}': [`p(99)<${BOUNDS.busP99Ms}`],
  'candle_hop_ms{hop:client}': [`p(99)<${BOUNDS.clientP99Ms}`],
};

/** Who is let in stays in. */
export const CONNECTIONS: Thresholds = {
  upgrades_ok: ['rate==1'],
  connections_lost: ['count==0'],
};

/** A counter that nothing was ever added to is not reported at all, not even by its threshold. */
export function withZeroes(): void {
  for (const counter of [
    metrics.closed,
    metrics.missing,
    metrics.disordered,
    metrics.errors,
    metrics.lostConnections,
  ]) {
    counter.add(0);
  }
}
