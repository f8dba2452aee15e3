import { pino } from 'pino';
import type { LimitSettings } from '../../src/limits/limits.ts';

export const SILENT = pino({ level: 'silent' });

/** Limits that nothing reaches, but for those that a test sets. */
export function settingsWith(more: Partial<LimitSettings> = {}): LimitSettings {
  return {
    attemptsPerMinute: 100_000,
    failuresPerMinute: 100_000,
    failureBlockSeconds: 300,
    connectionsPerIp: 100_000,
    connectionsPerProcess: 100_000,
    requestsPerIpPerMinute: 100_000,
    defaults: {
      subscriptions: 100,
      connectionsPerSubject: 100_000,
      messagesPerSecond: 100,
      requestsPerMinute: 100_000,
    },
    plans: new Map(),
    ...more,
  };
}
