import { fork, type ChildProcess } from 'node:child_process';
import { pinProcess } from './cores.ts';
import { programFile, type ProgramName } from './programs.ts';
import type { Commands, Reply } from './serve-commands.ts';

type Answer<Command> = Command extends (argument: never) => infer Given ? Awaited<Given> : never;

/** A program that runs in a process of its own. */
export interface Remote<Served extends Commands> {
  readonly pid: number;
  /** @throws Error with the program's own stack, or when the program ends before it answers */
  ask<Name extends string & keyof Served>(
    command: Name,
    ...argument: Parameters<Served[Name]>
  ): Promise<Answer<Served[Name]>>;
  /** Ends it. */
  stop(): Promise<void>;
}

/**
 * Starts a program of `programs.ts`.
 *
 * @param core the CPU that it is to stay on; null: any
 * @param execArgv options of Node, such as `--cpu-prof`
 */
export function startRemote<Served extends Commands>(
  name: ProgramName,
  core: number | null,
  execArgv: readonly string[] = [],
): Remote<Served> {
  const child = fork(programFile(name), [], {
    execArgv: [...execArgv],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const pid = child.pid ?? 0;
  pinProcess(pid, core);
  return remoteOf(name, child, pid);
}

function remoteOf<Served extends Commands>(
  name: string,
  child: ChildProcess,
  pid: number,
): Remote<Served> {
  const waiting = new Map<number, (reply: Reply) => void>();
  let lastId = 0;
  child.on('message', (reply: Reply) => {
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      for (const [id, settle] of waiting) settle({ id, error: `${name} has ended` });
      waiting.clear();
      resolve();
    });
  });
  return {
    pid,
    ask: (command, ...[argument]) =>
      new Promise((resolve, reject) => {
        lastId += 1;
        waiting.set(lastId, (reply) => {
          if ('error' in reply) reject(new Error(reply.error));
          else resolve(reply.answer as never);
        });
        child.send({ id: lastId, command, argument });
      }),
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
