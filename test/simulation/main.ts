import { simulate, type Report } from './simulation.ts';

/**
 * Runs seeds for `scripts/simulate.mjs`: `main FROM STEP COUNT`, each STEPth seed from FROM. One line of
 * JSON for each seed on standard output.
 */
export type SeedLine = Pick<
  Report,
  'seed' | 'violations' | 'checked' | 'repeats' | 'excused' | 'falseAlarms' | 'virtualMs' | 'trace'
> & { readonly counts: Readonly<Record<string, number>> };

const [from = 1, step = 1, count = 1] = process.argv.slice(2).map(Number);
process.on('unhandledRejection', (error) => {
  throw error;
});
for (let index = 0; index < count; index += 1) {
  const { trace, counts, ...report } = await simulate(from + index * step);
  // What was done is only of interest where something went wrong.
  const line: SeedLine = {
    ...report,
    trace: report.violations.length > 0 ? trace : [],
    counts: Object.fromEntries(counts),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
