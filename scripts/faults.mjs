// `npm run test:faults`: the whole product as processes, with faults injected from a seeded schedule.
//
//   npm run test:faults -- --seed 7 --minutes 2    one run; the environment's FAULTS_SEED and
//                                                  FAULTS_MINUTES count where a flag is missing
//   npm run test:faults -- --seed 7 --plan         prints the schedule and ends
//
// Exits with 1 when anything is missing, wrong or late. See docs/faults.md.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
process.setSourceMapsEnabled(true);
await import('../test/faults/main.ts');
