import { output, run, type RunResult } from '../support/run.ts';
import type { Manifest } from '../chart/chart.ts';

/** An object as the API server has it. */
export interface LiveObject extends Manifest {
  readonly metadata: Manifest['metadata'] & { readonly uid: string; readonly generation: number };
}

export interface Commands {
  /** Runs a line of shell in the project's folder to its end, whatever its exit code. */
  readonly shell: (line: string, input?: string) => Promise<RunResult>;
  /** The same, and its standard output. @throws with what it wrote, when it fails */
  readonly must: (line: string, input?: string) => Promise<string>;
  /** What `kubectl get` knows of these, such as `-n apps deploy`. */
  readonly get: (what: string) => Promise<readonly LiveObject[]>;
}

/** @param env what commands need to find the cluster */
export function commandsIn(env: Readonly<Record<string, string>>): Commands {
  const options = (input = '') => ({ env, input });
  const must = (line: string, input?: string) => output('bash', ['-c', line], options(input));
  return {
    shell: (line, input) => run('bash', ['-c', line], options(input)),
    must,
    async get(what) {
      const { items } = JSON.parse(await must(`kubectl get -o json ${what}`)) as {
        items: readonly LiveObject[];
      };
      return items;
    },
  };
}
