import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkSettings, loadConfig } from '../../src/config/load.ts';
import { ROLES, envName, type Role } from '../../src/config/setting.ts';
import { SETTING_KEYS } from '../../src/config/settings.ts';

const SECRET = 'correct-horse-battery-staple-32b!';
const PUBLIC_KEY = generateKeyPairSync('ed25519')
  .publicKey.export({ type: 'spki', format: 'pem' })
  .toString();
const KEY = { CANDLEGATE_JWT_SECRET: SECRET };

/** What is wrong, as `VARIABLE message` lines. */
function mistakesOf(role: Role, env: Record<string, string>, flags = {}): string[] {
  const loaded = loadConfig(role, { env, flags });
  return loaded.ok ? [] : loaded.mistakes.map(({ variable, message }) => `${variable} ${message}`);
}

describe('loading a configuration', () => {
  it('has the documented defaults when nothing is set', () => {
    const loaded = loadConfig('gateway', { env: KEY });
    expect(loaded).toMatchObject({
      ok: true,
      config: {
        listen: { host: '0.0.0.0', port: 8000 },
        admin: { host: '127.0.0.1', port: 9464 },
        source: 'bybit',
        history: 1000,
        redis: { url: 'redis://127.0.0.1:6379' },
        sessions: { heartbeatMs: 30_000, maxMessageBytes: 65_536 },
        limits: {
          attemptsPerMinute: 6_000,
          failureBlockSeconds: 300,
          connectionsPerIp: 10_000,
          defaults: { subscriptions: 100, connectionsPerSubject: 1_000, messagesPerSecond: 50 },
          plans: {},
        },
        proxies: { trusted: [], proxyProtocol: false },
        limitLeaseMs: 15_000,
        server: { queryToken: false, allowedOrigins: [], deflate: true, deflateMinBytes: 1024 },
        log: { level: 'info', format: 'auto' },
      },
    });
    if (!loaded.ok) throw new Error('refused');
    expect(loaded.config.channels.map(({ name }) => name)).toEqual(
      ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'].flatMap((symbol) =>
        ['1', '5', '15'].map((interval) => `candles:${symbol}:${interval}`),
      ),
    );
  });

  it('has other defaults where a role says so', () => {
    const loaded = loadConfig('standalone', { env: {} });
    expect(loaded).toMatchObject({
      ok: true,
      config: { feed: 'auto', listen: { host: '127.0.0.1' }, server: { queryToken: true } },
    });
  });

  it('lets flags go before the environment, and the environment before defaults', () => {
    const env = { CANDLEGATE_PORT: '8001', CANDLEGATE_HISTORY: '50', CANDLEGATE_HOST: '' };
    const { values, origins } = checkSettings({ env, flags: { port: '8002' } });
    expect(values).toMatchObject({ port: 8002, history: 50, host: '0.0.0.0' });
    expect(origins).toMatchObject({ port: 'flag', history: 'env', host: 'default' });
  });

  it('reads lists with aliases, in any case, without repetitions', () => {
    const env = {
      CANDLEGATE_SYMBOLS: 'btcusdt, ETHUSDT,btcusdt',
      CANDLEGATE_INTERVALS: '1m,1,4h,1M',
    };
    const { values, mistakes } = checkSettings({ env });
    expect(mistakes).toEqual([]);
    expect(values.symbols).toEqual(['BTCUSDT', 'ETHUSDT']);
    expect(values.intervals).toEqual(['1', '240', 'M']);
  });

  it('is frozen all the way down', () => {
    const loaded = loadConfig('gateway', { env: KEY });
    if (!loaded.ok) throw new Error('refused');
    const parts: unknown[] = [loaded.config];
    for (const part of parts) {
      expect(Object.isFrozen(part)).toBe(true);
      if (typeof part === 'object' && part !== null)
        parts.push(...(Object.values(part) as unknown[]));
    }
    expect(parts.length).toBeGreaterThan(50);
  });

  it('does not give a role what is not its own', () => {
    const loaded = loadConfig('ingest', { env: KEY });
    if (!loaded.ok) throw new Error('it should be right');
    expect(JSON.stringify(loaded.config)).not.toContain(SECRET);
    expect(JSON.stringify(loaded.config)).not.toContain('listen');
  });
});

describe('mistakes in one variable', () => {
  it.each([
    ['CANDLEGATE_PORT', '80a', 'must be a whole number from 0 to 65535, not "80a"'],
    ['CANDLEGATE_PORT', '65536', 'must be a whole number from 0 to 65535, not "65536"'],
    ['CANDLEGATE_HEARTBEAT_MS', '1e4', 'must be a whole number from 1000 to 600000, not "1e4"'],
    ['CANDLEGATE_SIMULATOR_SPEED', '-1', 'must be a number from 0.01 to 10000, not "-1"'],
    ['CANDLEGATE_DEFLATE', 'maybe', 'must be `on` or `off`, not "maybe"'],
    ['CANDLEGATE_FEED', 'binance', 'must be one of `auto`, `bybit`, `simulator`, not "binance"'],
    [
      'CANDLEGATE_INTERVALS',
      '1,7',
      'must be a comma list of intervals (entry 2 is none), not "1,7"',
    ],
    [
      'CANDLEGATE_REDIS_URL',
      'localhost:6379',
      'must be a URL that begins with redis:// or rediss://',
    ],
    [
      'CANDLEGATE_BYBIT_WS_URL',
      'https://x.example',
      'must be a URL that begins with wss:// or ws://',
    ],
    ['CANDLEGATE_JWT_SECRET', 'short', 'must be at least 32 bytes long, and has 5'],
    [
      'CANDLEGATE_ALLOWED_ORIGINS',
      'https://a.example/path',
      'must be a comma list of origins (`https://host`, no path) or `*` (entry 1 is none), not "https://a.example/path"',
    ],
  ])('%s=%s is refused by name', (name, value, message) => {
    expect(mistakesOf('standalone', { [name]: value })).toEqual([`${name} ${message}`]);
  });

  it('names the flag where the mistake came from one', () => {
    expect(mistakesOf('standalone', {}, { adminPort: 'x' })).toEqual([
      'CANDLEGATE_ADMIN_PORT (--admin-port) must be a whole number from 0 to 65535, not "x"',
    ]);
  });

  it('accepts public keys of the three kinds, in PEM or JWK, and no private key', () => {
    const pairs = [
      generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      generateKeyPairSync('ed25519'),
      generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ];
    const keyMistakes = (text: string) =>
      mistakesOf('gateway', { CANDLEGATE_JWT_PUBLIC_KEY: text });
    for (const { publicKey, privateKey } of pairs) {
      const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();
      expect(keyMistakes(pem)).toEqual([]);
      expect(keyMistakes(pem.replaceAll('\n', '\\n'))).toEqual([]);
      expect(keyMistakes(JSON.stringify(publicKey.export({ format: 'jwk' })))).toEqual([]);
      const refusal = ['CANDLEGATE_JWT_PUBLIC_KEY must be a public key; this one is private'];
      const privatePem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
      expect(keyMistakes(privatePem)).toEqual(refusal);
      expect(keyMistakes(JSON.stringify(privateKey.export({ format: 'jwk' })))).toEqual(refusal);
    }
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
    const weak = p384.export({ format: 'pem', type: 'spki' }).toString();
    expect(keyMistakes(weak)[0]).toMatch(/^CANDLEGATE_JWT_PUBLIC_KEY must be a public key in PEM/);
    expect(keyMistakes('{"kty":')[0]).toMatch(/must be a public key in PEM/);
  });
});

describe('names that mean nothing', () => {
  it.each([
    ['CANDLEGATE_PROT', 'CANDLEGATE_PORT'],
    ['CANDLEGATE_REDIS', 'CANDLEGATE_REDIS_URL'],
    ['CANDLEGATE_SECRET_JWT', 'CANDLEGATE_JWT_SECRET'],
    ['CANDLEGATE_SYMBOL', 'CANDLEGATE_SYMBOLS'],
    ['CANDLEGATE_heartbeat_ms', 'CANDLEGATE_HEARTBEAT_MS'],
  ])('%s is reported, and %s suggested', (name, meant) => {
    expect(mistakesOf('standalone', { [name]: 'value' })).toEqual([
      `${name} is not a variable of candlegate; did you mean ${meant}?`,
    ]);
  });

  it('suggests nothing where nothing is near', () => {
    expect(mistakesOf('standalone', { CANDLEGATE_WOBBULATOR: '1' })).toEqual([
      'CANDLEGATE_WOBBULATOR is not a variable of candlegate',
    ]);
  });

  it('leaves alone what Kubernetes sets for a Service of our name, and what belongs to others', () => {
    const env = {
      CANDLEGATE_SERVICE_HOST: '10.0.0.1',
      CANDLEGATE_SERVICE_PORT_HTTP: '8000',
      CANDLEGATE_GATEWAY_PORT: 'tcp://10.0.0.1:8000',
      CANDLEGATE_GATEWAY_PORT_8000_TCP_ADDR: '10.0.0.1',
      CANDLEGATE_TEST_CHROMIUM: '/usr/bin/chromium',
      CANDLEGATOR: 'no',
      PATH: '/bin',
    };
    expect(mistakesOf('standalone', env)).toEqual([]);
    expect(mistakesOf('standalone', { CANDLEGATE_PORT: 'tcp://10.0.0.1:8000' })[0]).toContain(
      'enableServiceLinks: false',
    );
  });
});

describe('the address of keys', () => {
  it.each([
    'https://id.example/jwks?x=1',
    'http://127.0.0.1:8080/',
    'http://localhost/a',
    'http://[::1]/',
  ])('may be %s, which is enough of a key for a gateway', (url) => {
    const loaded = loadConfig('gateway', { env: { CANDLEGATE_JWT_JWKS_URL: url } });
    expect(loaded).toMatchObject({ ok: true, config: { auth: { jwks: { url } } } });
  });

  it.each(['http://id.example/jwks', 'https://user:hunter2@id.example/', 'file:///keys', 'jwks'])(
    'may not be %s',
    (url) => {
      const [mistake = ''] = mistakesOf('gateway', { CANDLEGATE_JWT_JWKS_URL: url });
      expect(mistake).toMatch(/^CANDLEGATE_JWT_JWKS_URL must be a URL that begins with https/);
      expect(mistake).not.toContain('hunter2');
    },
  );
});

describe('combinations that cannot work', () => {
  it.each<[string, Role, Record<string, string>, RegExp]>([
    [
      'a gateway without any key',
      'gateway',
      {},
      /^CANDLEGATE_JWT_SECRET is needed, or CANDLEGATE_JWT_PUBLIC_KEY/,
    ],
    ['a token without a key', 'token', {}, /^CANDLEGATE_JWT_SECRET is needed/],
    [
      'a previous secret without a present one',
      'gateway',
      {
        CANDLEGATE_JWT_PREVIOUS_SECRET: SECRET,
        CANDLEGATE_JWT_JWKS_URL: 'https://id.example/jwks',
      },
      /^CANDLEGATE_JWT_PREVIOUS_SECRET is nothing without CANDLEGATE_JWT_SECRET/,
    ],
    [
      'a secret of which the algorithm is not accepted',
      'gateway',
      { ...KEY, CANDLEGATE_JWT_ALGORITHMS: 'ES256' },
      /^CANDLEGATE_JWT_ALGORITHMS must have HS256/,
    ],
    [
      'a public key of which the algorithms are not accepted',
      'gateway',
      { CANDLEGATE_JWT_PUBLIC_KEY: PUBLIC_KEY, CANDLEGATE_JWT_ALGORITHMS: 'ES256' },
      /^CANDLEGATE_JWT_ALGORITHMS must have EdDSA/,
    ],
    [
      'an address of keys without any algorithm for them',
      'gateway',
      {
        ...KEY,
        CANDLEGATE_JWT_JWKS_URL: 'https://id.example/jwks',
        CANDLEGATE_JWT_ALGORITHMS: 'HS256',
      },
      /^CANDLEGATE_JWT_ALGORITHMS must have more than HS256/,
    ],
    [
      'keys that are too old before they are fetched twice',
      'standalone',
      { CANDLEGATE_JWT_JWKS_MAX_STALE_MS: '600001' },
      /^CANDLEGATE_JWT_JWKS_MAX_STALE_MS \(600001\) must be at least twice/,
    ],
    ['a stream without a token', 'stream', {}, /^CANDLEGATE_TOKEN is needed/],
    [
      'feed auto in ingest',
      'ingest',
      { CANDLEGATE_FEED: 'auto' },
      /^CANDLEGATE_FEED cannot be `auto` here/,
    ],
    [
      'feed auto in a gateway',
      'gateway',
      { ...KEY, CANDLEGATE_FEED: 'auto' },
      /^CANDLEGATE_FEED cannot be `auto`/,
    ],
    [
      'simulated prices from the real exchange',
      'ingest',
      {
        CANDLEGATE_FEED: 'simulator',
        CANDLEGATE_BYBIT_WS_URL: 'ws://127.0.0.1:1/v5/public/linear',
      },
      /^CANDLEGATE_FEED is `simulator`, but CANDLEGATE_BYBIT_REST_URL still/,
    ],
    [
      'the admin port on the public port',
      'gateway',
      { ...KEY, CANDLEGATE_PORT: '9464' },
      /^CANDLEGATE_ADMIN_PORT must not be the same as CANDLEGATE_PORT \(9464\)/,
    ],
    [
      'a drain that takes longer than it may',
      'gateway',
      { ...KEY, CANDLEGATE_DRAIN_WINDOW_MS: '30000' },
      /^CANDLEGATE_DRAIN_WINDOW_MS \(30000\) must be less than CANDLEGATE_DRAIN_DEADLINE_MS \(25000\)/,
    ],
    [
      'a lease that is renewed too late',
      'ingest',
      { CANDLEGATE_LEASE_RENEW_MS: '1500' },
      /^CANDLEGATE_LEASE_RENEW_MS \(1500\) must be at most half of CANDLEGATE_LEASE_TTL_MS/,
    ],
  ])('%s', (_name, role, env, expected) => {
    const mistakes = mistakesOf(role, env);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toMatch(expected);
  });

  it('allows one free port for both', () => {
    const env = { ...KEY, CANDLEGATE_PORT: '0', CANDLEGATE_ADMIN_PORT: '0' };
    expect(mistakesOf('gateway', env)).toEqual([]);
  });

  it('does not blame a combination on a value that is wrong by itself', () => {
    expect(mistakesOf('gateway', { CANDLEGATE_JWT_SECRET: 'short' })).toEqual([
      'CANDLEGATE_JWT_SECRET must be at least 32 bytes long, and has 5',
    ]);
  });
});

describe('whatever the environment holds', () => {
  it('reports every mistake at once', () => {
    const mistakes = mistakesOf('gateway', {
      CANDLEGATE_PORT: 'x',
      CANDLEGATE_FEED: 'auto',
      CANDLEGATE_LOG_LEVL: 'info',
      CANDLEGATE_HISTORY: '0',
    });
    expect(mistakes.map((line) => line.split(' ')[0]).sort()).toEqual([
      'CANDLEGATE_FEED',
      'CANDLEGATE_HISTORY',
      'CANDLEGATE_JWT_SECRET',
      'CANDLEGATE_LOG_LEVL',
      'CANDLEGATE_PORT',
    ]);
  });

  it('never throws, and is either right or says what is wrong', () => {
    const name = fc.oneof(
      fc.constantFrom(...SETTING_KEYS.map(envName)),
      fc.string().map((text) => `CANDLEGATE_${text}`),
      fc.string(),
    );
    const value = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.integer().map(String),
      fc.webUrl(),
      fc.constantFrom('on', '', ' ', ',', '-----BEGIN PUBLIC KEY-----', '{}', 'redis://'),
    );
    fc.assert(
      fc.property(fc.constantFrom(...ROLES), fc.dictionary(name, value), (role, env) => {
        const loaded = loadConfig(role, { env });
        if (!loaded.ok) expect(loaded.mistakes.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });

  it('never repeats a wrong value of a variable that may hold a secret', () => {
    const names = ['JWT_SECRET', 'JWT_PUBLIC_KEY', 'TOKEN', 'REDIS_URL', 'BYBIT_REST_URL'];
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.stringMatching(/^[a-z]{12,20}$/),
        (name, secret) => {
          const env = {
            [`CANDLEGATE_${name}`]: `redis//u:${secret}`,
            [`CANDLEGATE_X${name}`]: secret,
          };
          const { mistakes } = checkSettings({ env, role: 'gateway' });
          expect(JSON.stringify(mistakes)).not.toContain(secret);
          expect(mistakes.length).toBeGreaterThan(0);
        },
      ),
    );
  });
});
