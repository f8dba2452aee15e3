import type { ReceivedCandle } from './types.ts';

/**
 * Candles on their way to a reader: every closed one in order, then the newest state of the open one.
 * An update that has not been taken gives way to a newer one, as at the gateway (conflation), so the
 * queue is as long as its closed candles and one more.
 */
export function candleQueue() {
  const closed: ReceivedCandle[] = [];
  let open: ReceivedCandle | undefined;
  let conflated = 0;
  return {
    push(candle: ReceivedCandle): void {
      // The close of one candle may come after the first update of the next.
      if (open && !(candle.confirm && open.start > candle.start)) {
        open = undefined;
        conflated += 1;
      }
      if (candle.confirm) closed.push(candle);
      else open = candle;
    },

    /** Takes the next one; undefined when there is none. */
    shift(): ReceivedCandle | undefined {
      const next = closed.shift() ?? open;
      if (next === open) open = undefined;
      if (!next) return;
      const candle = { ...next, conflated };
      conflated = 0;
      return candle;
    },
  };
}
