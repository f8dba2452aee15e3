import { pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';
import { censor, censorSecrets, SECRET_PATHS } from './redaction.ts';

export interface LogOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** `auto`: pretty when the stream is a terminal, else JSON. */
  readonly format: 'auto' | 'json' | 'pretty';
  /** On every line. */
  readonly role: string;
  readonly instance: string;
}

/** Where lines go: `process.stdout`, or anything that takes them. */
export type LogStream = DestinationStream & { readonly isTTY?: boolean };

/**
 * Makes the logger of one process. Lines are written synchronously, so that the last ones before an
 * exit are not lost; log nothing per message. Secrets are taken out by name and by look
 * (`redaction.ts`).
 */
export function createLog(options: LogOptions, stream: LogStream = process.stdout): Logger {
  const isPretty =
    options.format === 'pretty' || (options.format === 'auto' && stream.isTTY === true);
  const children = new Set<WeakRef<Logger>>();
  const log = pino(
    {
      onChild: (child) => void children.add(new WeakRef(child as Logger)),
      level: options.level,
      base: { role: options.role, instance: options.instance },
      timestamp: stdTimeFunctions.isoTime,
      redact: { paths: [...SECRET_PATHS], censor },
      // The level as a word: log collectors know no pino numbers. The pretty printer knows both.
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: censorSecrets },
    },
    isPretty ? prettyStream(stream) : stream,
  );
  CHILDREN.set(log, children);
  return log;
}

/** The loggers made of one; a child keeps the level that it was born with. */
const CHILDREN = new WeakMap<Logger, Set<WeakRef<Logger>>>();

/** Changes the level of a logger of `createLog` and of all that were made of it. */
export function setLogLevel(log: Logger, level: LogOptions['level']): void {
  log.level = level;
  const children = CHILDREN.get(log) ?? new Set();
  for (const reference of children) {
    const child = reference.deref();
    if (child === undefined) children.delete(reference);
    else child.level = level;
  }
}

function prettyStream(stream: LogStream): DestinationStream {
  const print = pretty.prettyFactory({
    colorize: stream.isTTY === true,
    ignore: 'pid,hostname,role,instance',
    translateTime: 'SYS:HH:MM:ss.l',
    levelFirst: true,
  });
  return { write: (line: string) => stream.write(print(line)) };
}
