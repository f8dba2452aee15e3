import type { Identity } from '../auth/identity.ts';
import type { HttpAnswer, HttpRequest } from './http.ts';

/** One resource with one method. HEAD, OPTIONS, credentials and errors are the router's business. */
export type Route = OpenRoute | GuardedRoute;

interface RoutePath {
  /** Bounded: it labels metrics. */
  readonly name: string;
  /** Default: GET, and HEAD with it. */
  readonly method?: 'POST';
  /** The path's variable segments, still percent-encoded, or null when the path is another. */
  match(path: string): readonly string[] | null;
}

/** Anybody may ask. */
export interface OpenRoute extends RoutePath {
  readonly needsToken: false;
  /** False: answered however often it is asked, because load balancers depend on it. */
  readonly isLimited?: false;
  /** May throw a `ProblemError`. */
  answer(request: HttpRequest, segments: readonly string[]): HttpAnswer | Promise<HttpAnswer>;
}

/** Only those who have proven who they are. */
export interface GuardedRoute extends RoutePath {
  readonly needsToken: true;
  /** Whether a ticket is proof enough. Default true. */
  readonly takesTickets?: boolean;
  readonly isLimited?: true;
  /** May throw a `ProblemError`. */
  answer(
    request: HttpRequest,
    segments: readonly string[],
    identity: Identity,
  ): HttpAnswer | Promise<HttpAnswer>;
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
