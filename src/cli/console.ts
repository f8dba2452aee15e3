/** What a command may touch of its process. */
export interface Console {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** One line of the result. */
  out(line: string): void;
  /** One line about what happens, or went wrong. */
  err(line: string): void;
}

/** Exit codes of every command. */
export const EXIT = {
  ok: 0,
  /** It was started and failed. */
  failed: 1,
  /** It works, and something is amiss: `candlegate status`. */
  warning: 3,
  /** Wrong use: an unknown flag, a mistake in the configuration. Nothing was started. */
  usage: 2,
} as const;

/** Ends a command with a message for people, without a stack trace. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * The console of this process. A reader that goes away (`candlegate stream … | head`) ends the
 * process quietly.
 */
export function processConsole(): Console {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(EXIT.ok);
      throw error;
    });
  }
  return {
    env: process.env,
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
  };
}
