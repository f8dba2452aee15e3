import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { PROBLEM_CODES, type ProblemCode } from '../candle/codes.ts';

/** How a request for a WebSocket ended; `aborted`: the client left before the answer. */
export type UpgradeOutcome = 'accepted' | 'aborted' | ProblemCode;
/** `remembered`: found good before and not verified again. */
export type VerificationOutcome = 'accepted' | 'remembered' | ProblemCode;

/** Of any credential that a request or an `auth` message presents. */
export type AuthenticationOutcome = 'accepted' | ProblemCode;
export type CredentialKind = 'token' | 'apiKey' | 'ticket';

/** REST answers come from memory; the slow ones verify a token. */
const REQUEST_BUCKETS_SECONDS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1];

/** Where a fault can be caught; each has a series from the start, so that the first one is an increase. */
const HANDLERS = [
  'upgrade',
  'request',
  'open',
  'message',
  'ping',
  'pong',
  'dropped',
  'drain',
  'close',
  'abandon',
] as const;

/** A handler of the native server whose faults are caught. */
export type GuardedHandler = (typeof HANDLERS)[number];

/** What happens at the gateway's public port before a session exists, and when it drains. */
export class EdgeMetrics {
  readonly #upgrades: Counter<'outcome'>;
  readonly #verifications: Counter<'outcome'>;
  readonly #authentications: Counter<'kind' | 'outcome'>;
  readonly #requests: Counter<'route' | 'status'>;
  readonly #requestSeconds: Histogram<'route'>;
  readonly #handlerFailures: Counter<'handler'>;
  readonly #draining: Gauge;
  readonly #drainRemaining: Gauge;
  readonly #drainClosed: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#upgrades = new Counter({
      name: 'candlegate_gateway_upgrades_total',
      help: 'Requests for a WebSocket by outcome: accepted, aborted, or the problem code.',
      labelNames: ['outcome'],
      registers,
    });
    this.#verifications = new Counter({
      name: 'candlegate_gateway_token_verifications_total',
      help: 'Tokens looked at, by outcome: accepted, remembered, or the problem code.',
      labelNames: ['outcome'],
      registers,
    });
    this.#authentications = new Counter({
      name: 'candlegate_gateway_authentications_total',
      help: 'Credentials presented, by kind and outcome: accepted, or the problem code.',
      labelNames: ['kind', 'outcome'],
      registers,
    });
    this.#requests = new Counter({
      name: 'candlegate_gateway_http_requests_total',
      help: 'Answered HTTP requests other than upgrades, by route and status.',
      labelNames: ['route', 'status'],
      registers,
    });
    this.#requestSeconds = new Histogram({
      name: 'candlegate_gateway_http_request_duration_seconds',
      help: 'From an HTTP request to its answer.',
      labelNames: ['route'],
      buckets: REQUEST_BUCKETS_SECONDS,
      registers,
    });
    this.#handlerFailures = new Counter({
      name: 'candlegate_gateway_handler_failures_total',
      help: 'Faults caught in a handler of the WebSocket server; each is a bug.',
      labelNames: ['handler'],
      registers,
    });
    this.#draining = new Gauge({
      name: 'candlegate_gateway_draining',
      help: '1 while the gateway drains.',
      registers,
    });
    this.#drainRemaining = new Gauge({
      name: 'candlegate_gateway_drain_remaining_sessions',
      help: 'Sessions that a drain has yet to close.',
      registers,
    });
    this.#drainClosed = new Counter({
      name: 'candlegate_gateway_drain_closed_sessions_total',
      help: 'Sessions closed by draining.',
      registers,
    });
    // Rates need the zero before the first event.
    for (const outcome of ['accepted', 'aborted', ...Object.keys(PROBLEM_CODES)]) {
      this.#upgrades.inc({ outcome }, 0);
    }
    for (const handler of HANDLERS) this.#handlerFailures.inc({ handler }, 0);
  }

  upgradeEnded(outcome: UpgradeOutcome): void {
    this.#upgrades.inc({ outcome });
  }

  tokenVerified(outcome: VerificationOutcome): void {
    this.#verifications.inc({ outcome });
  }

  authenticated(kind: CredentialKind, outcome: AuthenticationOutcome): void {
    this.#authentications.inc({ kind, outcome });
  }

  /** @param route a route's name, never a path: paths are unbounded */
  requestAnswered(route: string, status: number, durationMs: number): void {
    this.#requests.inc({ route, status: String(status) });
    this.#requestSeconds.observe({ route }, durationMs / 1000);
  }

  handlerFailed(handler: GuardedHandler): void {
    this.#handlerFailures.inc({ handler });
  }

  drainStarted(sessions: number): void {
    this.#draining.set(1);
    this.#drainRemaining.set(sessions);
  }

  drainClosed(sessions: number, remaining: number): void {
    this.#drainClosed.inc(sessions);
    this.#drainRemaining.set(remaining);
  }
}
