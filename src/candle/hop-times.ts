import { z } from 'zod';

/** Milliseconds since 1970, with fractions where the clock has them. */
const instantSchema = z.number().nonnegative();

/** When a candle was where, as far as the bus. Each time is read from the clock of the named place. */
export const busTimesSchema = z.object({
  exchange: instantSchema.describe(
    "The exchange's own `ts`; for a candle fetched over REST, the answer's `time`.",
  ),
  ingest: instantSchema.describe('Receipt of the frame (or REST answer) by ingest.'),
  published: instantSchema.describe('Hand-over to the bus.'),
});
export type BusTimes = Readonly<z.infer<typeof busTimesSchema>>;

export const hopTimesSchema = busTimesSchema.extend({
  gateway: instantSchema.describe(
    'Receipt from the bus by the gateway that sent this message; the only time that differs between gateways.',
  ),
});
export type HopTimes = Readonly<z.infer<typeof hopTimesSchema>>;

/** A reading of a clock as messages carry it: to the microsecond. */
export function roundToMicrosecond(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
