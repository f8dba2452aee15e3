// `npm run test:faults`: the whole product as processes, with faults injected from a seeded schedule.
//
//   npm run test:faults -- --seed 7 --minutes 2    one run; the environment's FAULTS_SEED,
//                                                  FAULTS_MINUTES and FAULTS_REDIS count where a
//                                                  flag is missing
//   npm run test:faults -- --seed 7 --plan         prints the schedule and ends
//   npm run test:faults -- --redis sentinel        with a replica and sentinels, else `single`;
//                                                  without it every third seed has sentinels
//   npm run test:faults -- --only 'Redis restarted'  nothing but faults whose names hold this
//   npm run test:faults -- --logs FOLDER           keeps everything that the processes have written
//
// Exits with 1 when anything is missing, wrong or late. See docs/faults.md.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
process.setSourceMapsEnabled(true);
await import('../test/faults/main.ts');
