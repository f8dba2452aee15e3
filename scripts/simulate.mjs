// `npm run simulate`: many seeds of the simulation in test/simulation, on all cores.
//
//   npm run simulate -- --seeds 100000 --from 1
//   npm run simulate -- --seeds 1 --from 4711    one seed
//
// Prints every seed that broke a promise, with what was done to it, and ends with status 1 then.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const ROOT = path.join(import.meta.dirname, '..');
const BUNDLE = path.join(ROOT, '.cache', `simulation-${process.pid}.mjs`);
const PROGRESS_MS = 10_000;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    from: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
  },
});
const seeds = Number(values.seeds);
const from = Number(values.from);
const jobs = Math.min(Number(values.jobs), seeds);
if (![seeds, from, jobs].every((value) => Number.isSafeInteger(value) && value > 0)) {
  console.error('--seeds, --from and --jobs take whole numbers above 0');
  process.exit(2);
}

mkdirSync(path.dirname(BUNDLE), { recursive: true });
await build({
  entryPoints: [path.join(ROOT, 'test', 'simulation', 'main.ts')],
  outfile: BUNDLE,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
});

const total = {
  seeds: 0,
  failed: 0,
  checked: 0,
  repeats: 0,
  excused: 0,
  falseAlarms: 0,
  virtualMs: 0,
};
const started = performance.now();

function take(line) {
  const report = JSON.parse(line);
  total.seeds += 1;
  for (const name of ['checked', 'repeats', 'excused', 'falseAlarms', 'virtualMs']) {
    total[name] += report[name];
  }
  if (report.violations.length === 0) return;
  total.failed += 1;
  console.log(`Seed ${report.seed} broke a promise; SIMULATION_SEED=${report.seed} replays it.`);
  for (const violation of report.violations) console.log(`  ${violation}`);
  for (const step of report.trace) console.log(`    ${step}`);
}

function summary() {
  const hours = (total.virtualMs / 3_600_000).toFixed(1);
  const perSecond = (total.seeds / ((performance.now() - started) / 1000)).toFixed(0);
  return `${total.seeds} seeds (${perSecond}/s, ${hours} h of virtual time), ${total.failed} failed; ${total.checked} closes checked, ${total.repeats} repeats, ${total.excused} honestly given up, ${total.falseAlarms} false alarms`;
}

/** Each job takes every `jobs`th seed. */
function runJob(index) {
  const count = Math.ceil((seeds - index) / jobs);
  const child = spawn(process.execPath, [BUNDLE, from + index, jobs, count].map(String), {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface({ input: child.stdout }).on('line', take);
  return new Promise((resolve) => child.on('close', resolve));
}

const progress = setInterval(() => console.log(summary()), PROGRESS_MS);
const codes = await Promise.all(Array.from({ length: jobs }, (_, index) => runJob(index)));
clearInterval(progress);
console.log(summary());
process.exitCode = total.failed > 0 || codes.some((code) => code !== 0) ? 1 : 0;
