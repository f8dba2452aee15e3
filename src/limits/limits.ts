/**
 * What the limits are called, what they decide, and what a gateway needs of them. The counts are kept
 * over all gateways (`redis/`) or in this process (`memory/`).
 */

/** Limits over all gateways. The names stand in `RateLimit` headers, metrics and PROTOCOL.md. */
export const FLEET_LIMITS = [
  'attempts-per-ip',
  'failures-per-ip',
  'connections-per-ip',
  'connections-per-subject',
  'requests-per-ip',
  'requests-per-subject',
] as const;
export type FleetLimit = (typeof FLEET_LIMITS)[number];

/** Limits that one process or one connection keeps by itself. */
export const LOCAL_LIMITS = ['connections-per-process', 'messages-per-connection'] as const;
export type LimitName = FleetLimit | (typeof LOCAL_LIMITS)[number];

/** So much of something; per window, or at a time. */
export interface Quota {
  /** At least 1. */
  readonly limit: number;
  /** Seconds, whole; null: so many at a time. */
  readonly windowSeconds: number | null;
}

/** Where a client stands with one limit. */
export interface LimitState {
  readonly name: FleetLimit;
  readonly quota: Quota;
  /** What is left of it. */
  readonly remaining: number;
  /** Until more is to be had, ms; null when that is not known. */
  readonly resetMs: number | null;
}

/** Why a client is turned away. */
export interface Refusal extends LimitState {
  /** When it makes sense to come back, ms. */
  readonly retryAfterMs: number;
}

/** What a plan allows. A limit of 0 is switched off. */
export interface PlanLimits {
  /** Channels that one connection may hold; never 0. */
  readonly subscriptions: number;
  /** Open connections of one subject, over all gateways. */
  readonly connectionsPerSubject: number;
  /** Messages and pings of one connection. */
  readonly messagesPerSecond: number;
  /** REST requests of one subject, over all gateways. */
  readonly requestsPerMinute: number;
}

/** All limits of a gateway. A limit of 0 is switched off. */
export interface LimitSettings {
  /** Requests for a WebSocket from one address, whatever becomes of them. */
  readonly attemptsPerMinute: number;
  /** Credentials from one address that are refused; beyond that the address is shut out. */
  readonly failuresPerMinute: number;
  /** For so long, s. */
  readonly failureBlockSeconds: number;
  readonly connectionsPerIp: number;
  readonly connectionsPerProcess: number;
  /** REST requests from one address that present no good credential. */
  readonly requestsPerIpPerMinute: number;
  /** For tokens without a plan, and for plans that are not listed. */
  readonly defaults: PlanLimits;
  readonly plans: ReadonlyMap<string, PlanLimits>;
}

/** Who wants a WebSocket. */
export interface Applicant {
  /** The client's network: an IPv4 address, or the /64 of an IPv6 one. */
  readonly address: string;
  readonly subject: string;
  readonly plan: string | null;
}

/** A place among the open connections. */
export interface Place {
  /** Gives it back; the second time does nothing. */
  release(): void;
}

export type Admission =
  { readonly ok: true; readonly place: Place } | { readonly ok: false; readonly refusal: Refusal };

/** Who may open a connection. Nothing here rejects or throws: without its store it decides alone. */
export interface ConnectionLimits {
  /**
   * Whether an address is shut out for a while, because of its attempts or of its credentials. Asks
   * nobody and costs next to nothing.
   */
  refusalOf(address: string): Refusal | null;
  /** The same, because of its credentials alone. */
  refusalOfCredentials(address: string): Refusal | null;
  /** Counts the attempt and takes the places, in one round trip; all of it or nothing. */
  admit(applicant: Applicant): Promise<Admission>;
  /** Counts an attempt that failed before anybody asked for a place. */
  attemptFailed(address: string): void;
  /** Counts a credential that was refused; with it the attempt, if it was one to connect. */
  credentialRefused(address: string, wasAttempt: boolean): void;
  /** Whether this process takes one more, and the limit. */
  refusalOfProcess(connections: number): Quota | null;
}

/** Who may ask over REST. Never rejects. */
export interface RequestLimits {
  /** An address that is shut out because of refused credentials. */
  refusalOf(address: string): Refusal | null;
  credentialRefused(address: string, wasAttempt: boolean): void;
  /** Counts a request with a good credential; null when there is no limit. */
  countRequest(subject: string, plan: string | null): Promise<RequestDecision | null>;
  /** Counts a request without one, or with one that was refused. */
  countAnonymous(address: string): Promise<RequestDecision | null>;
}

export type RequestDecision =
  | { readonly ok: true; readonly state: LimitState }
  | { readonly ok: false; readonly refusal: Refusal };

/** What is told of decisions and of the store. Called on every upgrade and must be cheap. */
export interface LimitObserver {
  decided(limit: LimitName, allowed: boolean): void;
  /** Whether the counts of all gateways are out of reach, so that each keeps its share by itself. */
  degraded(isDegraded: boolean): void;
}
