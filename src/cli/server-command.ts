import { Command } from 'commander';
import type { ConfigOf, ReloadableConfig } from '../config/load.ts';
import type { Role } from '../config/setting.ts';
import { endAtOnceWhileStarting } from '../roles/shutdown.ts';
import { addConfigOptions, requireReloadable } from './config-options.ts';
import type { Console } from './console.ts';

/** The roles that run until they are told to stop. */
export type ServerRole = Extract<Role, 'gateway' | 'ingest' | 'standalone' | 'simulator'>;

/** What a composition root of `src/roles` exports. */
export interface ServerModule<R extends ServerRole> {
  /** Resolves when the process has been told to stop and everything is closed. */
  run(config: ConfigOf<R>, console: Console, reloadable: ReloadableConfig<R>): Promise<void>;
}

/**
 * The command of a server role. Its module is loaded only when the command runs, and only after the
 * whole configuration has been found right.
 */
export function serverCommand<R extends ServerRole>(
  role: R,
  description: string,
  load: () => Promise<ServerModule<R>>,
  console: Console,
): Command {
  const command = new Command(role).description(description);
  const options = addConfigOptions(command, role);
  return command.action(async () => {
    endAtOnceWhileStarting();
    const reloadable = requireReloadable(role, options, console);
    const server = await load();
    await server.run(reloadable.config, console, reloadable);
  });
}
