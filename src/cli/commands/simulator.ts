import type { Command } from 'commander';
import type { Console } from '../console.ts';
import { serverCommand } from '../server-command.ts';

/** `candlegate simulator` */
export function simulatorCommand(console: Console): Command {
  return serverCommand(
    'simulator',
    'A Bybit v5 server with invented or recorded prices.',
    () => import('../../roles/simulator.ts'),
    console,
  );
}
