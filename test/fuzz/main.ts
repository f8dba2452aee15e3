import { parseArgs } from 'node:util';
import { buildCli } from '../support/built-cli.ts';
import { failuresOf } from './judge.ts';
import { fuzz, type MemorySample } from './run.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    frames: { type: 'string', default: '200000' },
    'exchange-frames': { type: 'string', default: '50000' },
  },
});
const mebibytes = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MiB`;

await buildCli();
const report = await fuzz({
  seed: Number(values.seed),
  clientFrames: Number(values.frames),
  exchangeFrames: Number(values['exchange-frames']),
});
const { flood, verdict } = report;
console.log(`Seed ${values.seed}, ${report.seconds.toFixed(0)} s`);
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
