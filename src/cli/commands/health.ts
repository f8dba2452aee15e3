import { Command } from 'commander';
import { addConfigOptions, requireConfig } from '../config-options.ts';
import type { Console } from '../console.ts';

/** `candlegate health`: ask the process on this machine whether it lives, or is ready. */
export function healthCommand(console: Console): Command {
  const command = new Command('health')
    .description(
      'Asks the admin port of the process on this machine; for health checks of containers.',
    )
    .option('--ready', 'ask whether it is ready, not only whether it lives');
  const options = addConfigOptions(command, 'health');
  return command.action(async ({ ready }: { ready?: true }) => {
    const config = requireConfig('health', options, console);
    const { checkHealth } = await import('../../roles/health.ts');
    await checkHealth(config, { ready: ready === true }, console);
  });
}
