import { Command } from 'commander';
import { REVOCATION_KINDS } from '../../access/revocation.ts';
import { nameReader, readTime } from '../arguments.ts';
import { addConfigOptions, requireConfig } from '../config-options.ts';
import { CommandFailure, EXIT, type Console } from '../console.ts';

interface RevokeFlags {
  token?: string;
  subject?: string;
  key?: string;
  until?: number;
}

/** `candlegate revoke`: end what is still valid. */
export function revokeCommand(console: Console): Command {
  const readName = nameReader(256);
  const command = new Command('revoke')
    .description(
      'Revokes a token, a subject or an API key: every gateway closes what is open and refuses what comes.',
    )
    .option('--token <id>', 'the token with this `jti`', readName)
    .option('--subject <name>', 'everything that was issued to this `sub` up to now', readName)
    .option('--key <id>', 'the API key with this id', readName)
    .option(
      '--until <time>',
      'when it may be forgotten: 2026-12-31T12:00:00Z, or 7d from now (default: when no token of now can be good any more)',
      readTime,
    );
  const options = addConfigOptions(command, 'revoke');
  return command.action(async (flags: RevokeFlags) => {
    const [target, ...others] = REVOCATION_KINDS.flatMap((kind) => {
      const value = flags[kind];
      return value === undefined ? [] : [{ kind, value }];
    });
    if (target === undefined || others.length > 0) {
      throw new CommandFailure('say one of --token, --subject and --key', EXIT.usage);
    }
    const config = requireConfig('revoke', options, console);
    const { revoke } = await import('../../roles/revoke.ts');
    await revoke(config, { ...target, until: flags.until }, console);
  });
}
