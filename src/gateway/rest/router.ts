import type { Logger } from 'pino';
import type { EdgeMetrics } from '../../metrics/edge-metrics.ts';
import type { Authenticator } from '../auth/credential.ts';
import type { Identity } from '../auth/identity.ts';
import type { OriginPolicy } from '../auth/origin-policy.ts';
import { corsHeaders, isPreflight, optionsAnswer } from './cors.ts';
import type { HttpAnswer, HttpRequest } from './http.ts';
import { problemAnswer, ProblemError, refuse } from './problem.ts';
import { credentialOf } from './request-credential.ts';
import { refuseLongBody } from './request-body.ts';
import type { GuardedRoute, Route } from './route.ts';
import { API_CONTENT_POLICY, SECURITY_HEADERS } from './security-headers.ts';

export interface RestDeps {
  /** The first that matches a path answers. */
  readonly routes: readonly Route[];
  readonly authenticator: Authenticator;
  readonly origins: OriginPolicy;
  /** Whether `?token=` counts. */
  readonly queryToken: boolean;
  readonly metrics: Pick<EdgeMetrics, 'requestAnswered'>;
  readonly log: Pick<Logger, 'error'>;
}

/** Answers every HTTP request that is not for a WebSocket. */
export interface RestHandler {
  /** Never throws and never rejects. An answer to HEAD still has its body: the server leaves it out. */
  answer(request: HttpRequest): Promise<HttpAnswer>;
}

export function createRestHandler(deps: RestDeps): RestHandler {
  return {
    async answer(request) {
      const startedAt = performance.now();
      const { route, segments } = find(deps.routes, request.path);
      let answer: HttpAnswer;
      try {
        answer = await respond(request, route, segments);
      } catch (error) {
        answer = answerToError(error, route?.name);
      }
      const dressed = dress(answer, request);
      const elapsedMs = performance.now() - startedAt;
      deps.metrics.requestAnswered(route?.name ?? 'none', dressed.status, elapsedMs);
      return dressed;
    },
  };

  async function respond(
    request: HttpRequest,
    route: Route | undefined,
    segments: readonly string[],
  ): Promise<HttpAnswer> {
    if (route === undefined) refuse('unknown_path', 'No resource has this path.');
    const { method, headers } = request;
    if (isApi(request) && !deps.origins.allows(headers.origin, headers.host)) {
      refuse('origin_not_allowed', 'This origin is not on the list of allowed ones.');
    }
    const allowed = route.method === 'POST' ? ['OPTIONS', 'POST'] : ['GET', 'HEAD', 'OPTIONS'];
    const allow = allowed.join(', ');
    if (method === 'OPTIONS') return optionsAnswer(isPreflight(request), allow);
    if (!allowed.includes(method)) {
      refuse('method_not_allowed', `Allowed are ${allow}.`, { Allow: allow });
    }
    refuseLongBody(request);
    if (!route.needsToken) return route.answer(request, segments);
    return route.answer(request, segments, await authenticate(request, route));
  }

  async function authenticate(request: HttpRequest, route: GuardedRoute): Promise<Identity> {
    const credential = credentialOf(request, deps.queryToken);
    if (credential === undefined) {
      refuse('missing_token', 'Present a token as Authorization: Bearer.');
    }
    if (credential.kind === 'ticket' && route.takesTickets === false) {
      refuse('missing_token', 'A ticket is no proof here; present a token or an API key.');
    }
    const verification = await deps.authenticator.authenticate(credential);
    if (verification.ok) return verification.identity;
    refuse(verification.problem, verification.detail, verification.headers);
  }

  function answerToError(error: unknown, route: string | undefined): HttpAnswer {
    if (error instanceof ProblemError) return problemAnswer(error.problem);
    deps.log.error({ err: error, route }, 'answering a request failed');
    return problemAnswer({ code: 'internal_error', detail: 'The request could not be answered.' });
  }

  /** Adds what every answer carries; a route's own headers win. */
  function dress(answer: HttpAnswer, request: HttpRequest): HttpAnswer {
    const { origin, host } = request.headers;
    const shared = isApi(request) && origin !== undefined && deps.origins.allows(origin, host);
    return {
      ...answer,
      headers: {
        ...SECURITY_HEADERS,
        'Content-Security-Policy': API_CONTENT_POLICY,
        ...(isApi(request) ? { Vary: 'Origin' } : {}),
        ...(shared ? corsHeaders(origin) : {}),
        ...answer.headers,
      },
    };
  }
}

function isApi(request: HttpRequest): boolean {
  return request.path.startsWith('/api/');
}

function find(
  routes: readonly Route[],
  path: string,
): { readonly route: Route | undefined; readonly segments: readonly string[] } {
  for (const route of routes) {
    const segments = route.match(path);
    if (segments !== null) return { route, segments };
  }
  return { route: undefined, segments: [] };
}
