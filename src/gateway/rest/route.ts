import type { HttpAnswer, HttpRequest } from './http.ts';

/** One GET resource. HEAD, OPTIONS, tokens and errors are the router's business. */
export interface Route {
  /** Bounded: it labels metrics. */
  readonly name: string;
  readonly needsToken: boolean;
  /** The path's variable segments, still percent-encoded, or null when the path is another. */
  match(path: string): readonly string[] | null;
  /** May throw a `ProblemError`. */
  answer(request: HttpRequest, segments: readonly string[]): HttpAnswer;
}

/** A `match` for one exact path. */
export function exactly(path: string): Route['match'] {
  return (candidate) => (candidate === path ? [] : null);
}

/**
 * A `match` for a fixed path with a number of variable, non-empty segments after it.
 *
 * @param prefix ends with a slash
 */
export function under(prefix: string, count: number): Route['match'] {
  return (candidate) => {
    if (!candidate.startsWith(prefix)) return null;
    const segments = candidate.slice(prefix.length).split('/');
    return segments.length === count && !segments.includes('') ? segments : null;
  };
}
