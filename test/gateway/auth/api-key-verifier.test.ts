import { Registry } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { createApiKey } from '../../../src/access/api-key.ts';
import { StoreUnavailableError } from '../../../src/access/store-errors.ts';
import type { ApiKeyRecord } from '../../../src/access/stores.ts';
import { ApiKeyVerifier } from '../../../src/gateway/auth/api-key-verifier.ts';
import { AccessMetrics } from '../../../src/metrics/access-metrics.ts';
import { keyRecord } from '../../access/access-suite.ts';
import { NOW } from './tokens.ts';

const REMEMBER_MS = 10_000;
const SESSION_MS = 3_600_000;

describe('an API key', () => {
  const key = createApiKey();
  let now: number;
  let records: Map<string, ApiKeyRecord>;
  let lookUps: number;
  let failure: Error | null;
  let logged: unknown[];
  let registry: Registry;
  let verifier: ApiKeyVerifier;

  beforeEach(() => {
    now = NOW;
    lookUps = 0;
    failure = null;
    logged = [];
    registry = new Registry();
    records = new Map([[key.id, keyRecord(key.id, { hash: key.hash, createdAt: NOW - 5 })]]);
    verifier = make();
  });

  function make(maxRemembered = 100): ApiKeyVerifier {
    registry = new Registry();
    return new ApiKeyVerifier(
      { rememberMs: REMEMBER_MS, sessionMs: SESSION_MS, maxRemembered },
      {
        store: {
          find: async (id) => {
            lookUps += 1;
            await Promise.resolve();
            if (failure !== null) throw failure;
            return records.get(id) ?? null;
          },
        },
        clock: { now: () => now },
        metrics: new AccessMetrics(registry),
        log: { error: (...fields: unknown[]) => void logged.push(fields) },
      },
    );
  }

  async function count(outcome: string): Promise<number> {
    const text = await registry.getSingleMetricAsString('candlegate_gateway_api_key_checks_total');
    const line = text.split('\n').find((one) => one.includes(`outcome="${outcome}"`));
    return Number(line?.split(' ').at(-1));
  }

  it('speaks for whom it was made for, and is counted', async () => {
    records.set(
      key.id,
      keyRecord(key.id, { hash: key.hash, plan: 'gold', channels: ['candles:BTCUSDT:*'] }),
    );
    expect(await verifier.verify(key.text)).toMatchObject({
      ok: true,
      identity: {
        subject: 'bob',
        keyId: key.id,
        tokenId: null,
        plan: 'gold',
        issuedAt: 1_764_000_000_000,
        expiresAt: NOW + SESSION_MS,
        grant: { patterns: ['candles:BTCUSDT:*'] },
      },
    });
    expect(await count('accepted')).toBe(1);
  });

  it('lets a connection last no longer than it lives itself', async () => {
    const expiresAt = NOW + 5_000;
    records.set(key.id, keyRecord(key.id, { hash: key.hash, expiresAt }));
    expect(await verifier.verify(key.text)).toMatchObject({ identity: { expiresAt } });
    now = expiresAt;
    expect(await verifier.verify(key.text)).toMatchObject({ problem: 'expired_api_key' });
    expect(await count('expired')).toBe(1);
  });

  it('is looked up once for all who come with it, and again when it was remembered for long enough', async () => {
    await Promise.all(Array.from({ length: 50 }, () => verifier.verify(key.text)));
    expect(lookUps).toBe(1);
    now += REMEMBER_MS - 1;
    expect(await verifier.verify(key.text)).toMatchObject({ ok: true });
    expect(lookUps).toBe(1);
    now += 1;
    records.delete(key.id);
    expect(await verifier.verify(key.text)).toMatchObject({ problem: 'invalid_api_key' });
    expect(lookUps).toBe(2);
    expect(await count('remembered')).toBe(50);
  });

  it('is remembered only if it was good, and only so many are', async () => {
    const wrong = createApiKey();
    await verifier.verify(wrong.text);
    await verifier.verify(wrong.text);
    expect(lookUps).toBe(2);
    verifier = make(1);
    const other = createApiKey();
    records.set(other.id, keyRecord(other.id, { hash: other.hash }));
    for (const { text } of [key, other, key]) await verifier.verify(text);
    expect(lookUps).toBe(5);
  });

  it('is refused with the secret of another key, in the words for an unknown one', async () => {
    const other = createApiKey();
    records.set(other.id, keyRecord(other.id, { hash: key.hash }));
    const unknown = await verifier.verify(createApiKey().text);
    expect(unknown).toMatchObject({ ok: false, problem: 'invalid_api_key' });
    expect(await verifier.verify(other.text)).toEqual(unknown);
    expect(await verifier.verify('cgk_nonsense')).toEqual(unknown);
    expect([await count('unknown'), await count('malformed')]).toEqual([2, 1]);
    expect(lookUps).toBe(2);
  });

  it('is not refused but put off while the store is away; what is remembered goes on', async () => {
    const known = createApiKey();
    records.set(known.id, keyRecord(known.id, { hash: known.hash }));
    await verifier.verify(known.text);
    failure = new StoreUnavailableError('away');
    expect(await verifier.verify(key.text)).toMatchObject({
      ok: false,
      problem: 'store_unavailable',
      headers: { 'Retry-After': '1' },
    });
    expect(await verifier.verify(known.text)).toMatchObject({ ok: true });
    expect(await count('store_unavailable')).toBe(1);
    expect(logged).toEqual([]);
    failure = null;
    expect(await verifier.verify(key.text)).toMatchObject({ ok: true });
  });

  it('never makes the verifier throw: faults are logged without the key', async () => {
    records.set(key.id, keyRecord(key.id, { hash: key.hash, channels: ['nonsense'] }));
    expect(await verifier.verify(key.text)).toMatchObject({ problem: 'internal_error' });
    expect(logged).toHaveLength(1);
    expect(JSON.stringify(logged)).not.toContain(key.text.slice(-20));
  });
});
