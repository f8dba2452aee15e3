import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { provideTool } from '../../scripts/tools.mjs';
import { TEST_SECRET } from '../support/role-process.ts';

const FOLDER = path.join(import.meta.dirname, '..', '..', 'load-tests');
/** k6 ends so when a threshold was crossed. */
export const THRESHOLDS_CROSSED = 99;

export interface K6Run {
  readonly exitCode: number | null;
  /** What it printed, for people. */
  readonly output: string;
  /** `metric: threshold` of all that did not hold, sorted. */
  readonly crossed: readonly string[];
}

interface Summary {
  readonly metrics: Readonly<
    Record<string, { readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>> }>
  >;
}

/**
 * Runs one scenario of `load-tests`.
 *
 * @param reportDir where its reports go
 */
export async function runK6(
  scenario: string,
  env: Readonly<Record<string, string>>,
  reportDir: string,
): Promise<K6Run> {
  const { command } = await provideTool('k6');
  const script = path.join(FOLDER, `${scenario}.ts`);
  const child = spawn(command, ['run', '--quiet', '--no-usage-report', script], {
    env: {
      ...process.env,
      CANDLEGATE_JWT_SECRET: TEST_SECRET,
      REPORT_DIR: reportDir,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { exitCode, output, crossed: await crossedIn(path.join(reportDir, `${scenario}.json`)) };
}

async function crossedIn(file: string): Promise<string[]> {
  const { metrics } = JSON.parse(await readFile(file, 'utf8')) as Summary;
  return Object.entries(metrics)
    .flatMap(([metric, { thresholds = {} }]) =>
      Object.entries(thresholds)
        .filter(([, { ok }]) => !ok)
        .map(([threshold]) => `${metric}: ${threshold}`),
    )
    .sort();
}
