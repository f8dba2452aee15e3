import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { provideTool } from '../../../scripts/tools.mjs';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Runs a program in the project's folder to its end, whatever its exit code. */
export function run(
  command: string,
  args: readonly string[],
  { env = {}, input }: RunOptions = {},
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const options = { cwd: ROOT, env: { ...process.env, ...env }, maxBuffer: 256 * 2 ** 20 };
    const child = execFile(command, [...args], options, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') {
        reject(new Error(`${command} could not be run`, { cause: error }));
      } else resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
    child.stdin?.end(input);
  });
}

/** @throws with what it wrote, when the program fails */
export async function output(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options);
  if (code === 0) return stdout;
  const shown = [command, ...args].join(' ').slice(0, 200);
  throw new Error(`${shown} ended with ${code}:\n${stdout}\n${stderr}`);
}

/** Runs one of the pinned checkers of `scripts/tools.mjs`. */
export async function runTool(
  name: string,
  args: readonly string[],
  { env = {}, input }: RunOptions = {},
): Promise<RunResult> {
  const tool = await provideTool(name);
  const options = { env: { ...tool.env, ...env }, ...(input === undefined ? {} : { input }) };
  return run(tool.command, args, options);
}
