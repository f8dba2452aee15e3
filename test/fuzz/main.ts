import { Command } from 'commander';
import { countIn } from '../../scripts/option-values.mjs';
import { buildCli } from '../support/built-cli.ts';
import { failuresOf } from './judge.ts';
import { fuzz, type MemorySample } from './run.ts';

interface Options {
  readonly seed: number;
  readonly frames: number;
  readonly exchangeFrames: number;
}

const { seed, frames, exchangeFrames } = new Command('npm run fuzz --')
  .description(
    'Rubbish from clients and from the exchange against a real process; see docs/security-testing.md.',
  )
  .option('--seed <seed>', 'the same one makes the same frames', countIn, 1)
  .option('--frames <count>', 'frames of clients', countIn, 200_000)
  .option('--exchange-frames <count>', 'mutated frames of the exchange', countIn, 50_000)
  .allowExcessArguments(false)
  .parse()
  .opts<Options>();
const mebibytes = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MiB`;

await buildCli();
const report = await fuzz({
  seed,
  clientFrames: frames,
  exchangeFrames,
});
const { flood, verdict } = report;
console.log(`Seed ${seed}, ${report.seconds.toFixed(0)} s`);
console.log(`${flood.frames} frames of clients over ${flood.connections} connections:`);
for (const [kind, count] of [...flood.kinds].sort()) console.log(`  ${kind}: ${count}`);
console.log(`${flood.answered} connections answered for to their last frame`);
console.log(
  `${report.exchangeFrames} mutated frames of the exchange, ${report.badFrames} candles or frames refused`,
);
console.log(
  `The client beside them: ${verdict.checked} closes checked, ${verdict.repeats} repeats, ${report.reconnects} reconnects`,
);
const line = ({ resident, heap, native }: MemorySample) =>
  `${mebibytes(heap)} heap, ${mebibytes(native)} native, ${mebibytes(resident)} resident`;
console.log(`Memory after a tenth: ${line(report.memoryBefore)}`);
for (const sample of report.memory) console.log(`  ${line(sample)}`);
console.log(`Memory in the end: ${line(report.memoryAfter)}`);
console.log(`${report.logLines} lines of log, ${report.handlerFailures} faults in handlers`);
const failures = failuresOf(report);
for (const failure of failures) console.log(`✗ ${failure}`);
console.log(failures.length === 0 ? 'Everything held.' : `${failures.length} things did not hold.`);
process.exitCode = failures.length === 0 ? 0 : 1;
