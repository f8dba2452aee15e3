import http from 'k6/http';
import { lost } from './continuity.ts';
import type { Client } from './client.ts';
import { metrics } from './metrics.ts';
import { restOf } from './options.ts';
import { tokenFor } from './token.ts';

interface History {
  readonly candles: readonly { readonly start: number; readonly confirm: boolean }[];
}

/**
 * Compares what a client ended up with against the gateway's own history, and counts what is missing.
 * Unlike the links between live messages this also sees holes at a resume.
 */
export function compareWithHistory(client: Client, gateway: string): void {
  const headers = { Authorization: `Bearer ${tokenFor('load-history')}` };
  for (const [channel, row] of client.rows) {
    const received = row.starts();
    const first = received[0];
    if (first === undefined) continue;
    const [, symbol, interval] = channel.split(':');
    const url = `${restOf(gateway)}/api/v1/candles/${symbol}/${interval}?limit=1000&after=${first - 1}`;
    const response = http.get(url, { headers, tags: { name: 'history' } });
    if (response.status !== 200) {
      metrics.errors.add(1, { code: `history_${response.status}` });
      continue;
    }
    const { candles } = response.json() as unknown as History;
    const existing = candles.filter(({ confirm }) => confirm).map(({ start }) => start);
    metrics.missing.add(lost(received, existing).length);
  }
}
