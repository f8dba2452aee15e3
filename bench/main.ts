import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { countIn, someOf } from '../scripts/option-values.mjs';
import { shareCores } from './lib/cores.ts';
import { describeEnvironment } from './lib/environment.ts';
import { buildPrograms } from './lib/programs.ts';
import { redisVersion, runScenario } from './lib/workbench.ts';
import type { ScenarioResult } from './lib/scenario.ts';
import { SCENARIOS } from './scenarios/index.ts';

const RESULTS = fileURLToPath(new URL('results', import.meta.url));

interface Options {
  readonly rows?: readonly string[];
  readonly rounds: number;
  readonly quick: boolean;
  readonly pinning: boolean;
  readonly cpuProf: boolean;
  readonly dryRun: boolean;
}

const ROWS = SCENARIOS.map(({ name }) => name);

const options = new Command('npm run bench --')
  .description('candlegate beside bare uWebSockets.js, ws and socket.io; see bench/README.md')
  .option('--rows <list>', `only these, of ${ROWS.join(', ')}`, someOf(ROWS))
  .option('--rounds <count>', 'how often each subject is measured, interleaved', countIn, 7)
  .option('--quick', 'to see whether it works: short, and nothing is written', false)
  .option('--dry-run', 'measure as usual, and write nothing', false)
  .option('--cpu-prof', 'write CPU profiles of the subjects to .cache/bench/profiles', false)
  .option('--no-pinning', 'do not give subject and clients a core each')
  .allowExcessArguments(false)
  .parse()
  .opts<Options>();

// So that whatever was started is ended by its `exit` handlers.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const cores = shareCores(options.pinning);
const environment = describeEnvironment(await redisVersion(), cores.subject !== null);
await buildPrograms();
let missed = 0;
for (const scenario of SCENARIOS) {
  if (options.rows?.includes(scenario.name) === false) continue;
  const began = performance.now();
  console.log(`\n${scenario.title} (${scenario.name})`);
  const result = await runScenario(scenario, {
    rounds: options.rounds,
    isQuick: options.quick,
    cores,
    execArgv: options.cpuProf ? ['--cpu-prof', '--cpu-prof-dir=.cache/bench/profiles'] : [],
    progress: (line) => console.log(`  ${line}`),
  });
  show(result);
  missed += result.verdicts.filter(({ isMet }) => !isMet).length;
  console.log(`  took ${((performance.now() - began) / 1_000).toFixed(0)} s`);
  if (options.dryRun || options.quick) continue;
  const { name, title } = scenario;
  mkdirSync(RESULTS, { recursive: true });
  const text = JSON.stringify({ name, title, environment, ...result }, null, 2);
  writeFileSync(path.join(RESULTS, `${name}.json`), `${text}\n`);
}
console.log(missed === 0 ? '\nevery row is met' : `\n${missed} rows fall short`);
process.exit(0);

function show({ verdicts, remarks }: ScenarioResult): void {
  for (const { what, goal, unit, spread, isMet } of verdicts) {
    const between = `quartiles ${spread.low} to ${spread.high}, ${spread.rounds} rounds`;
    console.log(`  ${isMet ? '✓' : '✗'} ${what}: ${spread.median} ${unit} (${goal}; ${between})`);
  }
  for (const remark of remarks) console.log(`  ${remark}`);
}
