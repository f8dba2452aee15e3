import { expect } from 'vitest';
import type { Exchange } from '../../faults/exchange.ts';
import type { ReferenceClient } from '../../faults/reference-client.ts';
import { checkLogs, type Truth } from '../../support/checker.ts';
import { eventually } from '../../support/eventually.ts';

/**
 * Puts the exchange to a standstill, waits until every client has the newest closed candle of every channel,
 * and holds all that clients have written down against what the exchange says. Open candles are left out:
 * they go on changing while clients are away.
 *
 * @param waitMs how long the newest candles may take
 */
export async function verdictOnClosedCandles(
  exchange: Exchange,
  clients: readonly ReferenceClient[],
  channels: readonly string[],
  waitMs: number,
): Promise<ReturnType<typeof checkLogs>> {
  await exchange.standStill();
  const logs = () => clients.flatMap((client) => client.logs());
  const oldest = Math.min(...logs().map(({ candles }) => candles[0]?.start ?? 0));
  const truths = new Map<string, Truth>();
  for (const channel of channels) {
    truths.set(channel, { ...(await exchange.truth(channel, oldest)), open: undefined });
  }
  await eventually(() => {
    for (const client of clients) {
      for (const channel of channels) {
        const newest = truths.get(channel)?.closed.at(-1)?.start;
        expect([channel, client.lastClosed(channel)]).toEqual([channel, newest]);
      }
    }
  }, waitMs);
  return checkLogs(logs(), truths);
}
