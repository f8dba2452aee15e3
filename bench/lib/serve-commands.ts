/** What a program can be asked to do, by name. Arguments and answers travel as JSON. */
export type Commands = Readonly<Record<string, (argument: never) => unknown>>;

export interface Request {
  readonly id: number;
  readonly command: string;
  readonly argument: unknown;
}
export type Reply =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string };

/** The side of the program: answers what it is asked over the channel of `fork`, until that closes. */
export function serveCommands(commands: Commands): void {
  process.on('message', ({ id, command, argument }: Request) => {
    const answer = async (): Promise<unknown> => {
      const act = commands[command];
      if (act === undefined) throw new Error(`unknown command ${command}`);
      return await act(argument as never);
    };
    const reply = (message: Reply) => process.send?.(message);
    answer().then(
      (result) => reply({ id, answer: result }),
      (error: unknown) => {
        reply({
          id,
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        });
      },
    );
  });
  process.on('disconnect', () => process.exit(0));
}
