import type { HttpResponse, us_socket_context_t } from 'uWebSockets.js';
import type { EdgeMetrics, UpgradeOutcome } from '../../metrics/edge-metrics.ts';
import type { Span, Tracing } from '../../tracing/tracing.ts';
import type { Authenticator } from '../auth/credential.ts';
import type { Verification } from '../auth/identity.ts';
import { refuseForbidden } from '../rest/channel-lookup.ts';
import type { HttpRequest } from '../rest/http.ts';
import { ProblemError, type Problem } from '../rest/problem.ts';
import type { Faults } from './faults.ts';
import type { RefusalLog } from './refusal-log.ts';
import { writeRefusal } from './refusal.ts';
import type { SocketData } from './transport.ts';
import {
  planUpgrade,
  refuseWhileDraining,
  type UpgradePlan,
  type UpgradePlanDeps,
} from './upgrade-plan.ts';
import type { WebSocketPath } from './websocket-paths.ts';
import type { WebSockets } from './websocket.ts';

export interface UpgradeDeps extends UpgradePlanDeps {
  readonly authenticator: Authenticator;
  readonly metrics: Pick<EdgeMetrics, 'upgradeEnded'>;
  readonly tracing: Tracing;
  readonly refusals: RefusalLog;
  readonly faults: Faults;
  readonly sockets: Pick<WebSockets, 'createTransport' | 'begin'>;
  /** Whether permessage-deflate is negotiated with clients that offer it. */
  readonly deflate: boolean;
}

/** Answers requests for a WebSocket, with a problem document or a 101. */
export class Upgrades {
  readonly #deps: UpgradeDeps;

  constructor(deps: UpgradeDeps) {
    this.#deps = deps;
  }

  /**
   * A request that the native server takes for a handshake.
   *
   * @param request already copied: the native one does not outlive this call
   */
  answer(
    response: HttpResponse,
    request: HttpRequest,
    path: WebSocketPath,
    context: us_socket_context_t,
  ): void {
    // Each check that takes its time is a child of this span.
    const span = this.#deps.tracing.start('upgrade', {
      kind: 'server',
      attributes: { 'http.request.method': 'GET', 'candlegate.endpoint': path.kind },
    });
    let plan: UpgradePlan;
    try {
      plan = planUpgrade(request, path, this.#deps);
    } catch (error) {
      this.#refuse(response, request, this.#problemOf(error), span);
      return;
    }
    let aborted = false;
    response.onAborted(() => {
      aborted = true;
      this.#ended('aborted', span);
    });
    const authentication = span?.child('authenticate');
    this.#deps.authenticator
      .authenticate(plan.credential)
      .then((verification) => {
        if (!verification.ok) authentication?.fail(verification.problem);
        authentication?.end();
        if (!aborted) this.#conclude(response, request, plan, verification, context, span);
      })
      .catch((error: unknown) => {
        this.#deps.faults.caught('upgrade', error);
        if (!aborted) this.#deps.faults.abandon(response);
      });
  }

  /** A request to a WebSocket path that the native server does not take for a handshake. */
  refusePlain(response: HttpResponse, request: HttpRequest, path: WebSocketPath): void {
    let problem: Problem = {
      code: 'invalid_upgrade',
      detail: 'The request is no WebSocket handshake.',
    };
    try {
      planUpgrade(request, path, this.#deps);
    } catch (error) {
      problem = this.#problemOf(error);
    }
    this.#refuse(response, request, problem, null);
  }

  #conclude(
    response: HttpResponse,
    request: HttpRequest,
    plan: UpgradePlan,
    verification: Verification,
    context: us_socket_context_t,
    span: Span | null,
  ): void {
    if (!verification.ok) {
      const { problem: code, detail, headers } = verification;
      const problem = { code, detail, ...(headers === undefined ? {} : { headers }) };
      response.cork(() => this.#refuse(response, request, problem, span));
      return;
    }
    try {
      if (plan.initial !== undefined) {
        refuseForbidden(verification.identity.grant, plan.initial.channel);
      }
      // The drain may have begun while the credential was looked at.
      refuseWhileDraining(this.#deps);
    } catch (error) {
      response.cork(() => this.#refuse(response, request, this.#problemOf(error), span));
      return;
    }
    const transport = this.#deps.sockets.createTransport();
    const data: SocketData = { transport };
    const key = request.headers['sec-websocket-key'] ?? '';
    const extensions = this.#deps.deflate
      ? (request.headers['sec-websocket-extensions'] ?? '')
      : '';
    // The upgrade shrinks the native socket in place, and when `cork` ends it still looks at the
    // freed rest to decide whether to close the connection. Nothing may be allocated until then, so
    // the session is made afterwards.
    response.cork(() => {
      response.upgrade(data, key, plan.answeredProtocol, extensions, context);
    });
    if (!transport.isOpen) {
      this.#ended('aborted', span);
      return;
    }
    this.#ended('accepted', span);
    this.#deps.sockets.begin(transport, {
      identity: verification.identity,
      protocol: plan.protocol,
      ...(plan.initial === undefined ? {} : { initial: plan.initial }),
    });
  }

  #ended(outcome: UpgradeOutcome, span: Span | null): void {
    this.#deps.metrics.upgradeEnded(outcome);
    if (span === null) return;
    span.set({ 'candlegate.outcome': outcome });
    if (outcome === 'internal_error') span.fail(outcome);
    span.end();
  }

  #problemOf(error: unknown): Problem {
    if (error instanceof ProblemError) return error.problem;
    this.#deps.faults.caught('upgrade', error);
    return { code: 'internal_error', detail: 'The request could not be answered.' };
  }

  #refuse(
    response: HttpResponse,
    { method }: HttpRequest,
    problem: Problem,
    span: Span | null,
  ): void {
    this.#ended(problem.code, span);
    this.#deps.refusals.hit(problem.code, performance.now());
    writeRefusal(response, problem, method);
  }
}
