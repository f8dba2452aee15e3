import type { ReadinessCheck } from '../metrics/admin-server.ts';

/** Why a process is not ready, in words; empty when it is. */
export function reasons(checks: readonly ReadinessCheck[]): string[] {
  return checks
    .filter(({ ok }) => !ok)
    .map(({ name, detail }) => (detail === '' ? `not ready: ${name}` : `not ready: ${detail}`));
}
