import type { Command } from 'commander';
import type { Console } from '../console.ts';
import { serverCommand } from '../server-command.ts';

/** `candlegate ingest` */
export function ingestCommand(console: Console): Command {
  return serverCommand(
    'ingest',
    'Follows the exchange and publishes to Redis while it leads.',
    () => import('../../roles/ingest.ts'),
    console,
  );
}
