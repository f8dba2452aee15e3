import type { Logger } from 'pino';
import type { JwksMetrics } from '../../../metrics/jwks-metrics.ts';
import type { VerificationKey } from '../verification-keys.ts';
import { fetchJwks } from './fetch-jwks.ts';
import { readJwkSet, type SetKey } from './jwk-set.ts';
import { JwksRefreshPolicy, type JwksTiming } from './refresh-policy.ts';

/** Keys of a set that share a name, or have none, that one token is tried with. */
const MAX_CANDIDATES = 8;

export interface RemoteKeysSettings {
  readonly url: string;
  /** For one whole fetch. */
  readonly timeoutMs: number;
  readonly timing: JwksTiming;
  /** The algorithms that are accepted; `HS256` never is from an address. */
  readonly algorithms: ReadonlySet<string>;
}

export interface RemoteKeysDeps {
  /** ms by a clock that never goes back. */
  readonly now: () => number;
  readonly metrics: JwksMetrics;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** What a token says of its key (RFC 7515, section 4.1). */
export interface KeyHint {
  readonly alg: string;
  readonly kid?: string;
}

/** No set of keys is there that may be believed. */
export class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError';
  /** When the next attempt to get one may have succeeded. */
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    super('the keys of the issuer cannot be had');
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * The public keys of an issuer at an address (`jwks_uri`), fetched by the rules of
 * `JwksRefreshPolicy`. Nothing is fetched before `start`.
 */
export class RemoteKeys {
  readonly #settings: RemoteKeysSettings;
  readonly #deps: RemoteKeysDeps;
  readonly #policy: JwksRefreshPolicy;
  /** By fingerprint, so that a key which stays in the set stays the same object. */
  #keys = new Map<string, SetKey>();
  #trusted = new Set<VerificationKey>();
  #underWay: Promise<void> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(settings: RemoteKeysSettings, deps: RemoteKeysDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#policy = new JwksRefreshPolicy(settings.timing);
  }

  /** Begins to fetch and goes on by itself; a failure is logged and tried again. */
  start(): void {
    this.#schedule();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** Whether there is a set that may be believed. */
  get isLoaded(): boolean {
    return this.#policy.trustsSet(this.#deps.now());
  }

  /** Whether a key is in the present set, and that may be believed. */
  trusts(key: VerificationKey): boolean {
    return this.isLoaded && this.#trusted.has(key);
  }

  /** The keys that a token may have been signed with, as far as they are known. */
  known({ alg, kid }: KeyHint): readonly VerificationKey[] {
    if (!this.isLoaded) return [];
    const matching = [...this.#keys.values()].filter(
      ({ algorithms, keyId }) => algorithms.includes(alg) && (kid === undefined || keyId === kid),
    );
    return matching.slice(0, MAX_CANDIDATES);
  }

  /**
   * The same after the set was fetched anew, if that is allowed now or is under way already.
   *
   * @throws KeysUnavailableError while there is no set that may be believed
   */
  async learn(hint: KeyHint): Promise<readonly VerificationKey[]> {
    if (!this.#settings.algorithms.has(hint.alg)) return [];
    if (this.#underWay !== null) {
      await this.#underWay;
      const keys = this.known(hint);
      if (keys.length > 0) return keys;
    }
    if (this.#underWay === null && this.#policy.unknownKey(this.#deps.now())) void this.#refresh();
    await this.#underWay;
    if (this.isLoaded) return this.known(hint);
    throw new KeysUnavailableError(Math.max(0, this.#policy.dueAt() - this.#deps.now()));
  }

  #schedule(): void {
    if (this.#isClosed || this.#underWay !== null) return;
    clearTimeout(this.#timer);
    const inMs = this.#policy.dueAt() - this.#deps.now();
    if (inMs <= 0) void this.#refresh();
    else this.#timer = setTimeout(() => this.#schedule(), Math.min(inMs, MAX_TIMER_MS)).unref();
  }

  /** Never rejects. */
  #refresh(): Promise<void> {
    this.#policy.began(this.#deps.now());
    this.#underWay = this.#load().finally(() => {
      this.#underWay = null;
      this.#schedule();
    });
    return this.#underWay;
  }

  async #load(): Promise<void> {
    const { url, timeoutMs, algorithms } = this.#settings;
    const { log, metrics, now } = this.#deps;
    try {
      const { keys, leftOut } = readJwkSet(await fetchJwks(url, timeoutMs), algorithms);
      const before = this.#keys;
      this.#keys = new Map(
        keys.map((key) => [key.fingerprint, before.get(key.fingerprint) ?? key]),
      );
      this.#trusted = new Set(this.#keys.values());
      this.#policy.succeeded();
      metrics.refreshed(this.#keys.size);
      const isChanged =
        before.size !== this.#keys.size || keys.some(({ fingerprint }) => !before.has(fingerprint));
      if (isChanged) {
        log.info({ keys: this.#keys.size, leftOut }, "the issuer's keys were loaded");
      }
    } catch (error) {
      this.#policy.failed(now());
      metrics.refreshFailed();
      const { message } = error as Error;
      log.warn({ reason: message, kept: this.#keys.size }, "the issuer's keys cannot be loaded");
    }
  }
}

/** Timers take no more than 2^31 - 1 ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;
