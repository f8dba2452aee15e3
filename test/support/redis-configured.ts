import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { RedisBus } from '../../src/bus/redis/redis-bus.ts';
import { loadConfig } from '../../src/config/load.ts';
import { formatMistakes } from '../../src/config/mistake.ts';
import { assembleRedisBus } from '../../src/roles/redis-parts.ts';
import { createWallClock } from '../../src/time/clock.ts';

/** The bus that ingest would have with these variables in its environment. */
export function busOf(env: Record<string, string>): RedisBus {
  const loaded = loadConfig('ingest', { env });
  if (!loaded.ok) throw new Error(formatMistakes(loaded.mistakes));
  const { redis, source, history } = loaded.config;
  return assembleRedisBus({
    redis,
    source,
    history,
    registry: new Registry(),
    clock: createWallClock(),
    log: pino({ level: 'silent' }),
  });
}
