import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { ConfigInput, EnvFile } from './read-settings.ts';
import { envName } from './setting.ts';

/** The setting that names the file; it cannot stand in the file itself. */
const KEY = 'envFile';

/**
 * Adds the file that flags or environment name (`CANDLEGATE_ENV_FILE`), as it is now. It has lines
 * `NAME=value` in the manner of dotenv (Node's own reader).
 */
export function withEnvFile(input: Omit<ConfigInput, 'file'>): ConfigInput {
  const path = input.flags?.[KEY] ?? input.env[envName(KEY)];
  return path === undefined || path === '' ? input : { ...input, file: readEnvFile(path) };
}

function readEnvFile(path: string): EnvFile {
  try {
    const values = parseEnv(readFileSync(path, 'utf8'));
    if (values[envName(KEY)] !== undefined) return { path, failure: 'it names itself' };
    return { path, values };
  } catch (error) {
    return { path, failure: (error as NodeJS.ErrnoException).code ?? 'it cannot be read' };
  }
}
