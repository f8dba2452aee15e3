import type { ProblemCode } from '../../candle/codes.ts';
import type { FleetLimit, LimitState, Quota, Refusal } from '../../limits/limits.ts';
import type { Problem } from './problem.ts';

/** What a client did too much of. */
const CODES = {
  'attempts-per-ip': 'too_many_attempts',
  'failures-per-ip': 'too_many_failures',
  'connections-per-ip': 'too_many_connections',
  'connections-per-subject': 'too_many_connections',
  'requests-per-ip': 'too_many_requests',
  'requests-per-subject': 'too_many_requests',
} as const satisfies Record<FleetLimit, ProblemCode>;

/** How soon a full process is worth another try; a balancer will choose another one meanwhile. */
const FULL_RETRY_SECONDS = 5;

/**
 * The fields `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-11): structured
 * fields (RFC 9651), with the limit's name as the policy. What is limited at a time and not over time
 * has the quota unit `concurrent-requests` and no window.
 */
export function rateLimitHeaders({ name, quota, remaining, resetMs }: LimitState): {
  'RateLimit-Policy': string;
  RateLimit: string;
} {
  const { limit, windowSeconds } = quota;
  const policy = windowSeconds === null ? 'qu="concurrent-requests"' : `w=${windowSeconds}`;
  const reset = resetMs === null ? '' : `;t=${seconds(resetMs)}`;
  return {
    'RateLimit-Policy': `"${name}";q=${limit};${policy}`,
    RateLimit: `"${name}";r=${remaining}${reset}`,
  };
}

/** What a client is answered that is over a limit of the fleet. */
export function limitProblem(refusal: Refusal): Problem {
  const { name, quota, retryAfterMs } = refusal;
  return {
    code: CODES[name],
    detail: `The limit ${name} is ${amount(quota)}.`,
    headers: { 'Retry-After': String(seconds(retryAfterMs)), ...rateLimitHeaders(refusal) },
    violatedPolicies: [name],
  };
}

/** What a client is answered by a process that has no room. */
export function fullProblem({ limit }: Quota): Problem {
  return {
    code: 'too_many_clients',
    detail: `This gateway takes ${limit} connections; another one may have room.`,
    headers: { 'Retry-After': String(FULL_RETRY_SECONDS) },
  };
}

function amount({ limit, windowSeconds }: Quota): string {
  return windowSeconds === null ? `${limit} at a time` : `${limit} in ${windowSeconds} s`;
}

/** Whole seconds, never 0: a client that takes it literally must not come back at once. */
function seconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}
