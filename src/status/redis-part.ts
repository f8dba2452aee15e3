import { readServerVersion } from '../redis/server-version.ts';
import { judged, type Part } from './part.ts';

/** Of `maxmemory`, beyond which it is time to act: writes fail when it is used up. */
const MEMORY_WARNING_SHARE = 0.9;

/** One server from its answer to `INFO`; see docs/redis.md for what it should be. */
export function judgeRedis(server: string, info: string): Part {
  const failures: string[] = [];
  const warnings: string[] = [];
  const version = readServerVersion(info);
  if (version === null) warnings.push('the version is not told');
  else if (!version.isSupported) failures.push('older than Redis 6.2');

  const used = numberOf(info, 'used_memory');
  const most = numberOf(info, 'maxmemory') ?? 0;
  const policy = fieldOf(info, 'maxmemory_policy');
  if (used !== null && most > 0 && used > most * MEMORY_WARNING_SHARE) {
    warnings.push(`more than ${MEMORY_WARNING_SHARE * 100} % of maxmemory is used`);
  }
  if (policy !== null && policy !== 'noeviction') {
    warnings.push(`maxmemory-policy is ${policy}, which may take history away`);
  }
  if (fieldOf(info, 'role') === 'slave') failures.push('a replica, not the master');

  return judged('redis', { failures, warnings }, [
    `${version === null ? 'redis' : `${version.product} ${version.version}`} at ${server}`,
    ...(used === null
      ? []
      : [`${megabytes(used)}${most === 0 ? '' : ` of ${megabytes(most)}`} of memory used`]),
    ...replicas(numberOf(info, 'connected_slaves')),
  ]);
}

function replicas(count: number | null): string[] {
  return count === null || count === 0 ? [] : [`${count} ${count === 1 ? 'replica' : 'replicas'}`];
}

function fieldOf(info: string, name: string): string | null {
  return new RegExp(`^${name}:([^\\r\\n]*)`, 'm').exec(info)?.[1] ?? null;
}

function numberOf(info: string, name: string): number | null {
  const text = fieldOf(info, name);
  return text === null || !/^\d+$/.test(text) ? null : Number(text);
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
