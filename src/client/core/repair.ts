import { fullJitterDelay } from './backoff.ts';
import type { Candle } from '../../candle/candle.ts';
import type { Source } from '../types.ts';
import { isTemporary, type Port, type Refusal } from './port.ts';
import type { Scope } from './scope.ts';
import { give, isMissing, Mode, type Reader } from './reader.ts';

/** Candles in an answer over REST at most. */
export const PAGE_CANDLES = 1_000;
/** A gap is left open after so many failed requests. */
export const MAX_REPAIR_FAILURES = 5;

/** What a repair reaches the world with, for as long as the connection lasts. */
export type RepairPort = Pick<Port, 'now' | 'random' | 'emit' | 'fetch'> &
  Pick<Scope, 'after' | 'settle'>;

/**
 * Candles are missing between what the reader has and `before`: they are fetched. The reader then wants
 * what comes after the gap.
 */
export function repair(reader: Reader, before: number, source: Source, port: RepairPort): void {
  const { channel, symbol, interval, last: after } = reader;
  const gap = { channel, after, before };
  let candles = 0;
  let complete = true;
  let failures = 0;

  const fetch = () =>
    port.settle(port.fetch({ ...gap, symbol, interval, after: reader.last }), found, failed);
  const finish = () => {
    if (isMissing(reader, before)) {
      complete = false;
      reader.last = before - 1;
    }
    reader.mode = Mode.Wanting;
    port.emit('repair', { ...gap, candles, complete });
  };
  const found = (page: readonly Candle[]) => {
    const from = candles;
    for (const candle of page) {
      if (!candle.confirm || candle.start >= before || candle.start <= reader.last) continue;
      complete &&= !isMissing(reader, candle.start);
      give(reader, candle, { source, origin: 'history', receivedAt: port.now() });
      candles += 1;
    }
    if (reader.mode !== Mode.Repairing) return;
    if (candles > from && page.length >= PAGE_CANDLES && isMissing(reader, before)) fetch();
    else finish();
  };
  const failed = (refusal: Refusal) => {
    if (reader.mode !== Mode.Repairing) return;
    port.emit('error', refusal);
    failures += 1;
    if (failures < MAX_REPAIR_FAILURES && isTemporary(refusal)) {
      port.after(refusal.retryAfterMs ?? fullJitterDelay(failures, port.random()), fetch);
    } else finish();
  };

  reader.mode = Mode.Repairing;
  reader.isLate = true;
  port.emit('gap', gap);
  fetch();
}
