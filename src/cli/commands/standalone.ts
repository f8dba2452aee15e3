import type { Command } from 'commander';
import type { Console } from '../console.ts';
import { serverCommand } from '../server-command.ts';

/** `candlegate standalone` */
export function standaloneCommand(console: Console): Command {
  return serverCommand(
    'standalone',
    'Ingest and gateway in one process, without Redis: to try it out.',
    () => import('../../roles/standalone.ts'),
    console,
  );
}
