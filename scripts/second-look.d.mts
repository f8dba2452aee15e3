import type { RecordedTotals } from './totals-reporter.mjs';

export function filesForSecondLook(totals: RecordedTotals): string[];
