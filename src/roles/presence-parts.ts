import type { Logger } from 'pino';
import type { Source } from '../candle/messages.ts';
import { packageVersion } from '../cli/version.ts';
import type { IngestConfig } from '../config/load.ts';
import type { Presence, PresenceFacts } from '../presence/presence.ts';
import { createPresenceReporter, type PresenceReporter } from '../presence/reporter.ts';
import { redisConnections } from './redis-parts.ts';

export interface PresenceParts<P extends Presence> {
  readonly role: P['role'];
  readonly instance: string;
  readonly redis: IngestConfig['redis'];
  readonly source: Source;
  readonly facts: () => PresenceFacts<P>;
  readonly log: Logger;
}

/** Says in Redis that this process is there. */
export function assemblePresence<P extends Presence>(parts: PresenceParts<P>): PresenceReporter {
  const { role, instance, redis, source, facts, log } = parts;
  const known = { role, instance, version: packageVersion(), startedAt: Date.now() };
  return createPresenceReporter({
    connections: redisConnections(redis, log),
    source,
    // The compiler does not see that the facts of P and the rest of it are P.
    presence: () => ({ ...known, ...facts() }) as unknown as Presence,
    log,
  });
}
