import { Command, CommanderError } from 'commander';
import { CommandFailure, EXIT, type Console } from './console.ts';

/** Puts the commands together; nothing is run yet. */
export function buildProgram(
  commands: readonly Command[],
  version: string,
  console: Console,
): Command {
  const program = new Command('candlegate')
    .description(
      'Streams Bybit candles to WebSocket clients, and says hop by hop how late they were.',
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText(
      'after',
      '\nEvery flag is also an environment variable CANDLEGATE_*; `candlegate config` prints and checks them.',
    )
    .configureOutput({
      writeOut: (text) => console.out(text.trimEnd()),
      writeErr: (text) => console.err(text.trimEnd()),
      // The value of a mistyped flag may be a secret.
      outputError: (text, write) => write(text.replace(/(--[\w-]+)=[^']*/g, '$1=…')),
    })
    .showHelpAfterError('(--help says what there is)')
    .exitOverride();
  for (const command of commands) program.addCommand(inherit(command, program));
  return program;
}

/** Commands that were made apart do not have the settings of the program by themselves. */
function inherit(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inherit(child, command);
  return command;
}

/**
 * Runs one command line.
 *
 * @param args without the program's own name
 * @returns the exit code
 */
export async function runProgram(
  program: Command,
  args: readonly string[],
  console: Console,
): Promise<number> {
  try {
    await program.parseAsync(args, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    // Commander has printed its message already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof CommandFailure) {
      console.err(`candlegate: ${error.message}`);
      return error.exitCode;
    }
    throw error;
  }
}
