import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { readApiKey } from '../../access/api-key.ts';
import { isSameHash } from '../../access/secret-text.ts';
import type { ApiKeyRecord, ApiKeyStore } from '../../access/stores.ts';
import type { AccessMetrics } from '../../metrics/access-metrics.ts';
import type { Clock } from '../../time/clock.ts';
import { ChannelGrants } from './channel-grant.ts';
import type { Identity, Verification } from './identity.ts';
import { storeFailure } from './store-failure.ts';

export interface ApiKeyVerifierSettings {
  /** How long a key that was found good is not looked up again. */
  readonly rememberMs: number;
  /** How long a connection with a key may last: as long as a revocation of the key is kept. */
  readonly sessionMs: number;
  /** How many good keys are remembered. Default 20,000. */
  readonly maxRemembered?: number;
}

export interface ApiKeyVerifierDeps {
  readonly store: Pick<ApiKeyStore, 'find'>;
  readonly clock: Clock;
  readonly metrics: Pick<AccessMetrics, 'apiKeyChecked'>;
  readonly log: Pick<Logger, 'error'>;
}

const INVALID: Verification = {
  ok: false,
  problem: 'invalid_api_key',
  detail: 'This is not an API key that is in force here.',
};

/** Looks up API keys, remembers the good ones for a while, and asks once for all who wait. */
export class ApiKeyVerifier {
  readonly #settings: ApiKeyVerifierSettings;
  readonly #deps: ApiKeyVerifierDeps;
  readonly #grants = new ChannelGrants();
  /** By the hash of the whole key, so that no key stays in memory. */
  readonly #good: LRUCache<string, { readonly identity: Identity; readonly until: number }>;
  readonly #pending = new Map<string, Promise<Verification>>();

  constructor(settings: ApiKeyVerifierSettings, deps: ApiKeyVerifierDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#good = new LRUCache({ max: settings.maxRemembered ?? 20_000 });
  }

  /** Never rejects. Whether the key has been revoked is another's question. */
  async verify(text: string): Promise<Verification> {
    const { clock, metrics } = this.#deps;
    const key = readApiKey(text);
    if (key === undefined) {
      metrics.apiKeyChecked('malformed');
      return INVALID;
    }
    const known = this.#good.get(key.hash);
    if (known !== undefined && known.until > clock.now()) {
      metrics.apiKeyChecked('remembered');
      return { ok: true, identity: known.identity };
    }
    const pending = this.#pending.get(key.hash);
    if (pending !== undefined) {
      const verification = await pending;
      metrics.apiKeyChecked(verification.ok ? 'remembered' : 'repeated');
      return verification;
    }
    const lookUp = this.#lookUp(key);
    this.#pending.set(key.hash, lookUp);
    try {
      return await lookUp;
    } finally {
      this.#pending.delete(key.hash);
    }
  }

  async #lookUp({ id, hash }: { readonly id: string; readonly hash: string }) {
    const { store, clock, metrics, log } = this.#deps;
    try {
      const record = await store.find(id);
      return this.#judge(record, hash, clock.now());
    } catch (error) {
      const failure = storeFailure(error, log, 'looking up an API key failed');
      metrics.apiKeyChecked(failure.problem);
      return failure;
    }
  }

  #judge(record: ApiKeyRecord | null, hash: string, now: number): Verification {
    const { metrics } = this.#deps;
    if (record === null || !isSameHash(record.hash, hash)) {
      metrics.apiKeyChecked('unknown');
      return INVALID;
    }
    if (record.expiresAt !== null && record.expiresAt <= now) {
      metrics.apiKeyChecked('expired');
      return { ok: false, problem: 'expired_api_key', detail: 'The life of this API key is over.' };
    }
    const grant = this.#grants.read(record.channels ?? undefined);
    if (grant === undefined) throw new Error('an API key is stored with malformed channels');
    metrics.apiKeyChecked('accepted');
    const sessionEnd = Math.floor(now) + this.#settings.sessionMs;
    const identity: Identity = {
      subject: record.subject,
      expiresAt: Math.min(record.expiresAt ?? Infinity, sessionEnd),
      issuedAt: record.createdAt,
      tokenId: null,
      keyId: record.id,
      plan: record.plan,
      grant,
    };
    const until = Math.min(now + this.#settings.rememberMs, identity.expiresAt);
    this.#good.set(hash, { identity, until });
    return { ok: true, identity };
  }
}
