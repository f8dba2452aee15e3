import type { Logger } from 'pino';
import { PROBLEM_CODES } from '../../candle/codes.ts';
import type { LimitState, RequestDecision, RequestLimits } from '../../limits/limits.ts';
import type { EdgeMetrics } from '../../metrics/edge-metrics.ts';
import type { Authenticator } from '../auth/credential.ts';
import type { Identity } from '../auth/identity.ts';
import { isSuspicious } from '../auth/suspicious.ts';
import type { OriginPolicy } from '../auth/origin-policy.ts';
import { corsHeaders, isPreflight, optionsAnswer } from './cors.ts';
import type { HttpAnswer, HttpRequest } from './http.ts';
import { limitProblem, rateLimitHeaders } from './limit-answers.ts';
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
  readonly limits: RequestLimits;
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

/** Where a request has been counted; its answer says how much is left. */
interface Counted {
  state: LimitState | null;
}

export function createRestHandler(deps: RestDeps): RestHandler {
  return {
    async answer(request) {
      const startedAt = performance.now();
      const { route, segments } = find(deps.routes, request.path);
      const counted: Counted = { state: null };
      let answer: HttpAnswer;
      try {
        answer = await respond(request, route, segments, counted);
      } catch (error) {
        answer = answerToError(error, route?.name);
      }
      const dressed = dress(answer, request, counted);
      const elapsedMs = performance.now() - startedAt;
      deps.metrics.requestAnswered(route?.name ?? 'none', dressed.status, elapsedMs);
      return dressed;
    },
  };

  async function respond(
    request: HttpRequest,
    route: Route | undefined,
    segments: readonly string[],
    counted: Counted,
  ): Promise<HttpAnswer> {
    const isAsked = route !== undefined && takes(route, request.method) && mayShare(request);
    if (isAsked && route.needsToken) {
      return route.answer(request, segments, await admit(request, route, counted));
    }
    if (route?.isLimited !== false) await countAnonymous(request, counted);
    if (isAsked && !route.needsToken) {
      refuseLongBody(request);
      return route.answer(request, segments);
    }
    if (route === undefined) refuse('unknown_path', 'No resource has this path.');
    if (!mayShare(request)) {
      refuse('origin_not_allowed', 'This origin is not on the list of allowed ones.');
    }
    const allowed = route.method === 'POST' ? ['OPTIONS', 'POST'] : ['GET', 'HEAD', 'OPTIONS'];
    const allow = allowed.join(', ');
    if (request.method === 'OPTIONS') return optionsAnswer(isPreflight(request), allow);
    refuse('method_not_allowed', `Allowed are ${allow}.`, { Allow: allow });
  }

  function mayShare(request: HttpRequest): boolean {
    const { origin, host } = request.headers;
    return !isApi(request) || deps.origins.allows(origin, host);
  }

  /** Who asks. What is refused here counts against the address, whatever it presented. */
  async function admit(
    request: HttpRequest,
    route: GuardedRoute,
    counted: Counted,
  ): Promise<Identity> {
    const shutOut = deps.limits.refusalOf(request.address);
    if (shutOut !== null) throw new ProblemError(limitProblem(shutOut));
    let identity: Identity;
    try {
      refuseLongBody(request);
      identity = await authenticate(request, route);
    } catch (error) {
      if (isRefusal(error)) await countAnonymous(request, counted);
      throw error;
    }
    note(await deps.limits.countRequest(identity.subject, identity.plan), counted);
    return identity;
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
    const { problem, detail, headers } = verification;
    if (isSuspicious(problem)) deps.limits.credentialRefused(request.address, false);
    refuse(problem, detail, headers);
  }

  async function countAnonymous({ address }: HttpRequest, counted: Counted): Promise<void> {
    note(await deps.limits.countAnonymous(address), counted);
  }

  function answerToError(error: unknown, route: string | undefined): HttpAnswer {
    if (error instanceof ProblemError) return problemAnswer(error.problem);
    deps.log.error({ err: error, route }, 'answering a request failed');
    return problemAnswer({ code: 'internal_error', detail: 'The request could not be answered.' });
  }

  /** Adds what every answer carries; a route's own headers win. */
  function dress(answer: HttpAnswer, request: HttpRequest, { state }: Counted): HttpAnswer {
    const { origin, host } = request.headers;
    const shared = isApi(request) && origin !== undefined && deps.origins.allows(origin, host);
    return {
      ...answer,
      headers: {
        ...SECURITY_HEADERS,
        'Content-Security-Policy': API_CONTENT_POLICY,
        ...(isApi(request) ? { Vary: 'Origin' } : {}),
        ...(shared ? corsHeaders(origin) : {}),
        ...(state === null ? {} : rateLimitHeaders(state)),
        ...answer.headers,
      },
    };
  }
}

/** @throws ProblemError `too_many_requests` */
function note(decision: RequestDecision | null, counted: Counted): void {
  if (decision === null) return;
  if (!decision.ok) throw new ProblemError(limitProblem(decision.refusal));
  counted.state = decision.state;
}

/** What went wrong on our side is not the client's. */
function isRefusal(error: unknown): boolean {
  return error instanceof ProblemError && PROBLEM_CODES[error.problem.code].status < 500;
}

function takes(route: Route, method: string): boolean {
  return route.method === 'POST' ? method === 'POST' : method === 'GET' || method === 'HEAD';
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
