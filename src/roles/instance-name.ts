import { hostname } from 'node:os';

/** Name of this process in logs and messages: as configured, or host name and process id. */
export function instanceName(configured: string | null): string {
  return configured ?? `${hostname()}-${process.pid}`;
}
