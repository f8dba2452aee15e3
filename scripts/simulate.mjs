// `npm run simulate`: many seeds of the simulation in test/simulation, on all cores.
//
//   npm run simulate -- --seeds 100000 --from 1
//   npm run simulate -- --seeds 1 --from 4711    one seed
//   npm run simulate -- --mutations --seeds 500  breaks one rule after the other, to see it noticed
//                       --rule hub               only the rules whose names hold this
//
// Prints every seed that broke a promise, with what was done to it, and ends with status 1 then.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { build } from 'esbuild';
import { countIn } from './option-values.mjs';
import { MUTATIONS } from '../test/simulation/mutations.mjs';

const ROOT = path.join(import.meta.dirname, '..');
const CACHE = path.join(ROOT, '.cache');
const PROGRESS_MS = 10_000;

const options = new Command('npm run simulate --')
  .description(
    'Many seeds of the simulation of the whole chain, on all cores; see docs/simulation.md.',
  )
  .option('--seeds <count>', 'how many', countIn, 2000)
  .option('--from <seed>', 'the first one', countIn, 1)
  .option('--mutations', 'break one rule after the other, to see it noticed', false)
  .option('--rule <text>', 'only the rules whose names hold this', '')
  .option('--jobs <count>', 'processes at once', countIn, availableParallelism())
  .allowExcessArguments(false)
  .parse()
  .opts();
const { seeds, from } = options;
const jobs = Math.min(options.jobs, seeds);

/** Bundles the simulation, with one rule of the product broken if there is a mutation. */
async function bundle(name, mutation) {
  const outfile = path.join(CACHE, `simulation-${process.pid}-${name}.mjs`);
  await build({
    entryPoints: [path.join(ROOT, 'test', 'simulation', 'main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    plugins: mutation === undefined ? [] : [mutate(mutation)],
  });
  return outfile;
}

function mutate({ edits }) {
  return {
    name: 'mutation',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path: loaded }) => {
        const own = edits.filter(({ file }) => path.join(ROOT, file) === loaded);
        if (own.length === 0) return undefined;
        let contents = readFileSync(loaded, 'utf8');
        for (const { file, from: text, to } of own) {
          const parts = contents.split(text);
          if (parts.length !== 2) throw new Error(`${file} does not hold ${text} exactly once`);
          contents = parts.join(to);
        }
        return { contents, loader: 'ts' };
      });
    },
  };
}

/** Runs every `step`th seed. `onReport` is given each report; when it returns true, no more are wanted. */
function runSeeds(program, first, step, count, onReport) {
  const child = spawn(process.execPath, [program, first, step, count].map(String), {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (onReport(JSON.parse(line)) === true) child.kill();
  });
  return new Promise((resolve) => child.on('close', resolve));
}

async function runAll() {
  const program = await bundle('whole');
  const total = { seeds: 0, failed: 0, checked: 0, repeats: 0, excused: 0, falseAlarms: 0 };
  let virtualMs = 0;
  const counts = new Map();
  const started = performance.now();
  const summary = () => {
    const hours = (virtualMs / 3_600_000).toFixed(1);
    const perSecond = (total.seeds / ((performance.now() - started) / 1000)).toFixed(0);
    return [
      `${total.seeds} seeds (${perSecond}/s, ${hours} h of virtual time), ${total.failed} failed`,
      `${total.checked} closes checked, ${total.repeats} repeats`,
      `${total.excused} honestly given up, ${total.falseAlarms} false alarms`,
    ].join('; ');
  };
  const take = (report) => {
    total.seeds += 1;
    virtualMs += report.virtualMs;
    for (const name of ['checked', 'repeats', 'excused', 'falseAlarms'])
      total[name] += report[name];
    for (const [what, count] of Object.entries(report.counts)) {
      counts.set(what, (counts.get(what) ?? 0) + count);
    }
    if (report.violations.length === 0) return;
    total.failed += 1;
    console.log(`Seed ${report.seed} broke a promise; SIMULATION_SEED=${report.seed} replays it.`);
    for (const violation of report.violations) console.log(`  ${violation}`);
    for (const step of report.trace) console.log(`    ${step}`);
  };
  const progress = setInterval(() => console.log(summary()), PROGRESS_MS);
  const codes = await Promise.all(
    Array.from({ length: jobs }, (_, index) =>
      runSeeds(program, from + index, jobs, Math.ceil((seeds - index) / jobs), take),
    ),
  );
  clearInterval(progress);
  rmSync(program);
  console.log('What happened in the parts, and how often:');
  for (const [what, count] of [...counts].sort()) console.log(`  ${what}: ${count}`);
  console.log(summary());
  return total.failed === 0 && codes.every((code) => code === 0);
}

async function runMutation(mutation, index) {
  const program = await bundle(`mutation-${index}`, mutation);
  let ran = 0;
  let caught;
  await runSeeds(program, from, 1, seeds, (report) => {
    if (caught !== undefined) return true;
    ran += 1;
    if (report.violations.length > 0) caught = report;
    return caught !== undefined;
  });
  rmSync(program);
  const verdict =
    caught === undefined
      ? `NOT NOTICED in ${ran} seeds`
      : `noticed in seed ${caught.seed}: ${caught.violations[0].slice(0, 90)}`;
  const guard = mutation.guardedBy === undefined ? '' : `\n    guarded by: ${mutation.guardedBy}`;
  console.log(`${mutation.rule}\n    ${verdict}${caught === undefined ? guard : ''}`);
  return caught !== undefined || mutation.guardedBy !== undefined;
}

async function runMutations() {
  const chosen = [...MUTATIONS.entries()].filter(([, { rule }]) => rule.includes(options.rule));
  const left = [...chosen];
  let noticed = 0;
  const work = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      if (await runMutation(next[1], next[0])) noticed += 1;
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  console.log(`${noticed} of ${chosen.length} noticed, or guarded by another rule`);
  return noticed === chosen.length;
}

mkdirSync(CACHE, { recursive: true });
const isGood = options.mutations ? await runMutations() : await runAll();
process.exitCode = isGood ? 0 : 1;
