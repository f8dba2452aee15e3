import type { Command } from 'commander';
import type { Console } from '../console.ts';
import { serverCommand } from '../server-command.ts';

/** `candlegate gateway` */
export function gatewayCommand(console: Console): Command {
  return serverCommand(
    'gateway',
    'Serves WebSocket clients from Redis.',
    () => import('../../roles/gateway.ts'),
    console,
  );
}
