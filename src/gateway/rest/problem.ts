import { PROBLEM_CODES, type ProblemCode } from '../../candle/codes.ts';
import type { ProblemDocument } from '../../candle/rest.ts';
import type { HttpAnswer } from './http.ts';

/** Why a request is refused, before it is written as a problem document (RFC 9457). */
export interface Problem {
  readonly code: ProblemCode;
  /** What was wrong with this very request; never holds a token. */
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Names of the limits that the client is over. */
  readonly violatedPolicies?: readonly string[];
}

/** Thrown by routes; the router answers it. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** Throws a problem; for routes. */
export function refuse(
  code: ProblemCode,
  detail: string,
  headers?: Readonly<Record<string, string>>,
): never {
  throw new ProblemError({ code, detail, ...(headers === undefined ? {} : { headers }) });
}

/** How to come by the right to ask (RFC 6750, section 3). */
function challenge(problem: Problem): string {
  if (problem.code === 'missing_token') return 'Bearer realm="candlegate"';
  return `Bearer realm="candlegate", error="invalid_token", error_description="${problem.detail}"`;
}

export function problemAnswer(problem: Problem): HttpAnswer {
  const { status, title } = PROBLEM_CODES[problem.code];
  const document: ProblemDocument = {
    type: `urn:candlegate:problem:${problem.code}`,
    title,
    status,
    detail: problem.detail,
    code: problem.code,
    // The member of the problem type `quota-exceeded` of the RateLimit draft.
    ...(problem.violatedPolicies === undefined
      ? {}
      : { 'violated-policies': problem.violatedPolicies }),
  };
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      ...(status === 401 ? { 'WWW-Authenticate': challenge(problem) } : {}),
      ...problem.headers,
    },
    body: JSON.stringify(document),
  };
}
