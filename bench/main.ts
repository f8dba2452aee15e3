import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { shareCores } from './lib/cores.ts';
import { describeEnvironment } from './lib/environment.ts';
import { buildPrograms } from './lib/programs.ts';
import { redisVersion, runScenario } from './lib/workbench.ts';
import type { ScenarioResult } from './lib/scenario.ts';
import { SCENARIOS } from './scenarios/index.ts';

const RESULTS = fileURLToPath(new URL('results', import.meta.url));

const { values } = parseArgs({
  options: {
    rows: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    quick: { type: 'boolean', default: false },
    'no-pinning': { type: 'boolean', default: false },
    'cpu-prof': { type: 'boolean', default: false },
    'dry-run': { type: 'boolean', default: false },
  },
});

const names = values.rows?.split(',');
const unknown = names?.filter((name) => !SCENARIOS.some((each) => each.name === name)) ?? [];
const rounds = Number(values.rounds);
if (unknown.length > 0 || !Number.isSafeInteger(rounds) || rounds < 1) {
  console.error(
    `--rows takes some of ${SCENARIOS.map(({ name }) => name).join(',')}; --rounds a number`,
  );
  process.exit(2);
}

// So that whatever was started is ended by its `exit` handlers.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const cores = shareCores(!values['no-pinning']);
const environment = describeEnvironment(await redisVersion(), cores.subject !== null);
await buildPrograms();
let missed = 0;
for (const scenario of SCENARIOS) {
  if (names !== undefined && !names.includes(scenario.name)) continue;
  const began = performance.now();
  console.log(`\n${scenario.title} (${scenario.name})`);
  const result = await runScenario(scenario, {
    rounds,
    isQuick: values.quick,
    cores,
    execArgv: values['cpu-prof'] ? ['--cpu-prof', '--cpu-prof-dir=.cache/bench/profiles'] : [],
    progress: (line) => console.log(`  ${line}`),
  });
  show(result);
  missed += result.verdicts.filter(({ isMet }) => !isMet).length;
  console.log(`  took ${((performance.now() - began) / 1_000).toFixed(0)} s`);
  if (values['dry-run'] || values.quick) continue;
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
