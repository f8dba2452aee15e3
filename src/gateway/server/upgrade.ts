import type { HttpResponse, us_socket_context_t } from 'uWebSockets.js';
import type { EdgeMetrics, UpgradeOutcome } from '../../metrics/edge-metrics.ts';
import type { Span, Tracing } from '../../tracing/tracing.ts';
import type { Admission, ConnectionLimits, Place } from '../../limits/limits.ts';
import type { Authenticator } from '../auth/credential.ts';
import type { Identity } from '../auth/identity.ts';
import { isSuspicious } from '../auth/suspicious.ts';
import { refuseForbidden } from '../rest/channel-lookup.ts';
import type { HttpRequest } from '../rest/http.ts';
import { fullProblem, limitProblem } from '../rest/limit-answers.ts';
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
  readonly limits: ConnectionLimits;
  /** Open sockets of this process. */
  connections(): number;
  readonly metrics: Pick<EdgeMetrics, 'upgradeEnded'>;
  readonly tracing: Tracing;
  readonly refusals: RefusalLog;
  readonly faults: Faults;
  readonly sockets: Pick<WebSockets, 'createTransport' | 'bind' | 'begin'>;
  /** Whether permessage-deflate is negotiated with clients that offer it. */
  readonly deflate: boolean;
}

/** One request for a WebSocket on its way through checks that take time. */
interface Candidate {
  readonly response: HttpResponse;
  readonly request: HttpRequest;
  readonly plan: UpgradePlan;
  readonly context: us_socket_context_t;
  readonly span: Span | null;
  /** The client has left. */
  aborted: boolean;
}

/** Answers requests for a WebSocket, with a problem document or a 101. */
export class Upgrades {
  readonly #deps: UpgradeDeps;
  /** Candidates that have not been answered. */
  #underWay = 0;

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
      this.#refuseAtOnce(request);
      plan = this.#counting(request, () => planUpgrade(request, path, this.#deps));
    } catch (error) {
      this.#refuse(response, request, this.#problemOf(error), span);
      return;
    }
    const candidate: Candidate = { response, request, plan, context, span, aborted: false };
    response.onAborted(() => {
      candidate.aborted = true;
      this.#ended('aborted', span);
    });
    this.#underWay += 1;
    this.#examine(candidate)
      .catch((error: unknown) => {
        if (!(error instanceof ProblemError)) this.#deps.faults.caught('upgrade', error);
        if (candidate.aborted) return;
        if (!(error instanceof ProblemError)) this.#deps.faults.abandon(response);
        else response.cork(() => this.#refuse(response, request, error.problem, span));
      })
      .catch((error: unknown) => this.#deps.faults.caught('upgrade', error))
      .finally(() => {
        this.#underWay -= 1;
      });
  }

  /** A request to a WebSocket path that the native server does not take for a handshake. */
  refusePlain(response: HttpResponse, request: HttpRequest, path: WebSocketPath): void {
    let problem: Problem = {
      code: 'invalid_upgrade',
      detail: 'The request is no WebSocket handshake.',
    };
    try {
      this.#refuseAtOnce(request);
      this.#counting(request, () => planUpgrade(request, path, this.#deps));
    } catch (error) {
      problem = this.#problemOf(error);
    }
    this.#refuse(response, request, problem, null);
  }

  /** @throws ProblemError for an address that is shut out, and when this process is full */
  #refuseAtOnce({ address }: HttpRequest): void {
    const { limits } = this.#deps;
    const shutOut = limits.refusalOf(address);
    if (shutOut !== null) throw new ProblemError(limitProblem(shutOut));
    const full = limits.refusalOfProcess(this.#deps.connections() + this.#underWay);
    if (full !== null) throw new ProblemError(fullProblem(full));
  }

  /** An attempt that ends here is counted, too. @throws what `check` throws */
  #counting<T>({ address }: HttpRequest, check: () => T): T {
    try {
      return check();
    } catch (error) {
      this.#deps.limits.attemptFailed(address);
      throw error;
    }
  }

  /** @throws ProblemError */
  async #examine(candidate: Candidate): Promise<void> {
    const { authenticator, limits } = this.#deps;
    const { request, plan } = candidate;
    const { address } = request;
    const authentication = candidate.span?.child('authenticate');
    const verification = await authenticator.authenticate(plan.credential);
    if (!verification.ok) authentication?.fail(verification.problem);
    authentication?.end();
    if (!verification.ok) {
      const { problem: code, detail, headers } = verification;
      if (isSuspicious(code)) limits.credentialRefused(address, true);
      else limits.attemptFailed(address);
      throw new ProblemError({ code, detail, ...(headers === undefined ? {} : { headers }) });
    }
    const { identity } = verification;
    const { initial } = plan;
    if (initial !== undefined) {
      this.#counting(request, () => refuseForbidden(identity.grant, initial.channel));
    }
    if (candidate.aborted) {
      limits.attemptFailed(address);
      return;
    }
    const { subject, plan: planName } = identity;
    const admitting = candidate.span?.child('admit');
    const admission = await limits.admit({ address, subject, plan: planName });
    if (!admission.ok) admitting?.fail(admission.refusal.name);
    admitting?.end();
    this.#conclude(candidate, identity, admission);
  }

  /** @throws ProblemError */
  #conclude(candidate: Candidate, identity: Identity, admission: Admission): void {
    if (!admission.ok) throw new ProblemError(limitProblem(admission.refusal));
    const { place } = admission;
    try {
      if (candidate.aborted) {
        place.release();
        return;
      }
      // The drain may have begun while all this was looked at.
      refuseWhileDraining(this.#deps);
      this.#upgrade(candidate, identity, place);
    } catch (error) {
      place.release();
      throw error;
    }
  }

  /** The place is the socket's from here on. */
  #upgrade(
    { response, request, plan, context, span }: Candidate,
    identity: Identity,
    place: Place,
  ): void {
    const transport = this.#deps.sockets.createTransport(place);
    const data: SocketData = { transport };
    const key = request.headers['sec-websocket-key'] ?? '';
    const extensions = this.#deps.deflate
      ? (request.headers['sec-websocket-extensions'] ?? '')
      : '';
    // The upgrade shrinks the native socket in place, and when `cork` ends it still looks at the freed
    // rest to decide whether to close the connection (uWebSockets #1929). Whatever asks for memory in
    // between may be given that very piece, and V8 does to compile a function on its first call: so no
    // function of ours runs there, only builtins, and what has to be done is done afterwards. Without
    // the cork the answer would go out in some twenty writes.
    response.cork(
      response.upgrade.bind(response, data, key, plan.answeredProtocol, extensions, context),
    );
    if (!this.#deps.sockets.bind(transport)) {
      place.release();
      this.#ended('aborted', span);
      return;
    }
    this.#ended('accepted', span);
    this.#deps.sockets.begin(transport, {
      identity,
      address: request.address,
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
