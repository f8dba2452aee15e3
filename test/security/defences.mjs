// One entry for each row of the tables in SECURITY.md: how its defence is taken out, so that
// `npm run defences` can see the row's test fail.

/**
 * @typedef {object} Defence
 * @property {string} test as in SECURITY.md: file › title
 * @property {string} file where the defence stands
 * @property {string} from text that is replaced; it must be there
 * @property {string} to
 */

const JWT = 'test/gateway/auth/jwt-verifier.test.ts';
const SESSION = 'test/gateway/session/session.test.ts';
const SLOW = 'test/gateway/session/slow-client.test.ts';
const UPGRADE = 'test/gateway/server/upgrade.test.ts';
const HARDENING = 'test/gateway/server/hardening.test.ts';
const SOCKET = 'test/gateway/server/websocket.test.ts';
const ROUTER = 'test/gateway/rest/router.test.ts';
const JSON_CODEC = 'test/gateway/codec/json.test.ts';
const KEYS = 'test/gateway/auth/jwks/remote-keys.test.ts';
const REVOCATION = 'test/gateway/auth/revocation-check.test.ts';
const FOLLOWER = 'test/access/revocation-follower.test.ts';
const ACCESS = 'test/integration/access.test.ts';
const API_KEY = 'test/gateway/auth/api-key-verifier.test.ts';
const LIMITS = 'test/gateway/server/limits.test.ts';
const FLOOD = 'test/gateway/session/flood.test.ts';
const FLEET = 'test/integration/fleet-limits.test.ts';
const FLEET_STORM =
  'two gateways hold a limit exactly in a storm, through a flush of Redis and the death of one';
const REDIS_LIMITS = 'test/limits/redis/redis-limits.test.ts';
const CLIENT_ADDRESS = 'test/gateway/server/client-address.test.ts';
const SERVER = 'src/gateway/server/server.ts';
const UPGRADES = 'src/gateway/server/upgrade.ts';
const UNBOUNDED = ['maxPayloadLength: 4 * settings.maxMessageBytes', 'maxPayloadLength: 2 ** 30'];

/** @returns {Defence} */
const without = (file, title, source, from, to) => ({
  test: `${file} › ${title}`,
  file: source,
  from,
  to,
});

/** @type {readonly Defence[]} */
export const DEFENCES = [
  without(
    JWT,
    'a verifier with a secret',
    'src/gateway/auth/jwt-verifier.ts',
    'if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;',
    "if (key === undefined || !(error instanceof errors.JWSSignatureVerificationFailed)) throw error;\n        return { payload: JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as JWTPayload, key };",
  ),
  without(
    JWT,
    'refuses HS256 made with the public key as the secret',
    'src/gateway/auth/verification-keys.ts',
    'return { key, algorithms: algorithmsOf(key) };',
    "return { key: createSecretKey(Buffer.from(text)), algorithms: ['HS256', ...algorithmsOf(key)] };",
  ),
  without(
    JWT,
    'a verifier with an issuer and an audience',
    'src/gateway/auth/jwt-verifier.ts',
    '...(settings.audience === undefined ? {} : { audience: settings.audience }),',
    '',
  ),
  without(
    JWT,
    'refuses a remembered token once it has expired',
    'src/gateway/auth/verified-tokens.ts',
    'token.identity.expiresAt > now && ',
    '',
  ),
  without(
    JWT,
    'is not made with a key that should not be trusted',
    'src/gateway/auth/verification-keys.ts',
    "if ('d' in jwk || 'k' in jwk)",
    'if (false)',
  ),
  without(
    SESSION,
    'comes with 4401 soon after the token ended',
    'src/gateway/session/session.ts',
    "this.#close('token_expired');",
    '',
  ),
  without(
    SESSION,
    'keeps the old token when the new one is refused or belongs to another subject',
    'src/gateway/session/token-refresh.ts',
    '.subject !== subject',
    ".subject === ''",
  ),
  without(
    SESSION,
    'refuses to check many tokens of one connection at once',
    'src/gateway/session/token-refresh.ts',
    'if (this.#pending >= MAX_PENDING) return false;',
    '',
  ),
  without(
    SESSION,
    'closes with 4400 at the 21st within ten seconds, after its error',
    'src/gateway/session/abuse-window.ts',
    'return oldest !== undefined && now - oldest < ABUSE_WINDOW_MS;',
    'return false;',
  ),
  without(
    'test/gateway/auth/origin-policy.test.ts',
    'an origin policy',
    'src/gateway/auth/origin-policy.ts',
    'return list.has(canonical) ||',
    'return [...list].some((each) => canonical.startsWith(each)) ||',
  ),
  without(
    ROUTER,
    'are refused otherwise',
    'src/gateway/rest/router.ts',
    'return !isApi(request) || deps.origins.allows(origin, host);',
    'return true;',
  ),
  without(
    ROUTER,
    'hides what went wrong inside',
    'src/gateway/rest/router.ts',
    "detail: 'The request could not be answered.'",
    'detail: String(error)',
  ),
  without(
    ROUTER,
    'carries the security headers, problems too',
    'src/gateway/rest/security-headers.ts',
    "'X-Content-Type-Options': 'nosniff',",
    '',
  ),
  without(
    UPGRADE,
    'carry a token that is never answered, in whatever order',
    'src/gateway/server/upgrade-plan.ts',
    'return { protocol, answeredProtocol: protocol };',
    "return { protocol, answeredProtocol: header ?? '' };",
  ),
  without(
    UPGRADE,
    'in the query counts only where that is switched on',
    'src/gateway/rest/request-credential.ts',
    'queryToken ?',
    'true ?',
  ),
  without(
    JSON_CODEC,
    'refuses what has no known type, also names that every object has',
    'src/gateway/codec/client-message.ts',
    '|| !Object.hasOwn(schemas, type)',
    '|| !(type in schemas)',
  ),
  without(
    JSON_CODEC,
    'survives nesting as deep as a message can hold',
    'src/gateway/codec/client-message.ts',
    '  const result = schemas[',
    "  const depth = (each: unknown): number => typeof each === 'object' && each !== null ? 1 + Math.max(0, ...Object.values(each).map(depth)) : 0;\n  depth(message);\n  const result = schemas[",
  ),
  without(
    JSON_CODEC,
    'bounds what it repeats of a client text',
    'src/gateway/codec/issue.ts',
    'const MAX_DETAIL_LENGTH = 240;',
    'const MAX_DETAIL_LENGTH = 1e9;',
  ),
  without(
    SOCKET,
    'breaks on a frame beyond four times the message size, and takes one of that size',
    SERVER,
    ...UNBOUNDED,
  ),
  without(
    SOCKET,
    'is cut off when it does not read again',
    'src/gateway/server/transport.ts',
    '      ws.close();\n',
    '',
  ),
  without(
    SOCKET,
    'close its own socket with 1011 and leave the others alone',
    'src/gateway/server/websocket.ts',
    "        transport.close(INTERNAL_ERROR, 'internal error');",
    '',
  ),
  without(
    HARDENING,
    'a bomb of 64 KB that inflates to 64 MB breaks its connection and costs no memory',
    SERVER,
    ...UNBOUNDED,
  ),
  without(
    HARDENING,
    'a message in endless fragments ends at four times the message size',
    SERVER,
    ...UNBOUNDED,
  ),
  without(
    HARDENING,
    '200 connections that send 512 KB each without a last fragment cost at most what they may',
    SERVER,
    ...UNBOUNDED,
  ),
  without(
    HARDENING,
    'a frame that states a length of a gigabyte breaks its connection at once',
    SERVER,
    ...UNBOUNDED,
  ),
  without(
    HARDENING,
    'requests that are too large',
    'src/gateway/server/http.ts',
    'if (headBytes + query.length > MAX_HEAD_BYTES)',
    'if (headBytes < 0)',
  ),
  without(
    HARDENING,
    'headers without an end are cut off below 64 KB',
    'src/gateway/server/uws.ts',
    'String(MAX_HEAD_BYTES)',
    "'1000000000'",
  ),
  without(
    HARDENING,
    'the body of a request is not read: 1 GB announced costs no memory',
    SERVER,
    'const last = !accepting || hasBody(request);',
    'const last = false;',
  ),
  without(
    HARDENING,
    '500 of them write one line, and all are counted',
    'src/log/sparse-log.ts',
    'if (now - this.#lastAt < this.#periodMs) return null;',
    '',
  ),
  without(
    'test/gateway/server/slow-handshake.test.ts',
    'a socket that never proves itself is cut within ten seconds or little more',
    SERVER,
    "app.any('/*', (response, request) => {",
    "app.any('/*', (response, request) => {\n    if (request.getUrl() === '/api/v1/live/health') return void response.onAborted(() => undefined);",
  ),
  without(
    'test/gateway/server/idle.test.ts',
    'a socket breaks when nothing comes from it for the idle time, not even a pong',
    SERVER,
    'idleTimeout: idleTimeoutSeconds(settings.idleTimeoutMs ?? 120_000)',
    'idleTimeout: 0',
  ),
  without(
    SLOW,
    'end a connection that never answers them',
    'src/gateway/session/session.ts',
    'if (this.#health.isStalled(now, settings.stallTimeoutMs))',
    'if (now < 0)',
  ),
  without(
    SLOW,
    'is closed with 4000 when it reads nothing at all for 30 seconds',
    'src/gateway/session/session.ts',
    'if (this.#health.isStalled(now, settings.stallTimeoutMs))',
    'if (now < 0)',
  ),
  without(
    'test/gateway/server/http.test.ts',
    'fails in one sentence when another server has the port',
    'src/gateway/server/listen.ts',
    'const EXCLUSIVE_PORT = 1;',
    'const EXCLUSIVE_PORT = 0;',
  ),
  without(
    'test/gateway/admin/connections.test.ts',
    'cannot be used by %s',
    'src/metrics/admin-route.ts',
    'refuseBrowsers(request, ownHost);',
    '',
  ),
  without(
    'test/security/audit.test.ts',
    'fails for a high or critical advisory that is not on the list',
    'scripts/audit-verdict.mjs',
    "['high', 'critical']",
    "['critical']",
  ),
  without(
    'test/integration/admin-port.test.ts',
    'answers on no path through the public port, whatever the path, method and Host',
    'src/roles/gateway-parts.ts',
    '      healthRoute({',
    "      {\n        name: 'admin',\n        needsToken: false,\n        match: (path: string) => (path.endsWith('metrics') ? [] : null),\n        answer: async () => ({ status: 200, headers: {}, body: await registry.metrics() }),\n      } as never,\n      healthRoute({",
  ),
  without(
    'test/integration/secrets.test.ts',
    'never come out again in logs, metrics, answers or process titles',
    'src/log/redaction.ts',
    "  'command.args',\n",
    '',
  ),
  without(
    'test/integration/secrets.test.ts',
    'candlegate config keeps them, also when the configuration is %s',
    'src/config/mask.ts',
    "if (setting.shown === 'secret') return MASK;",
    '',
  ),
  without(
    'test/integration/tls.test.ts',
    'speaks TLS 1.3 and 1.2, nothing older, and no cipher without forward secrecy',
    'src/gateway/server/app.ts',
    'ssl_ciphers: CIPHERS,',
    '',
  ),
  without(
    'test/bus/redis/tls.test.ts',
    'is refused a server whose authority is not known',
    'src/redis/server-access.ts',
    '...(ca === undefined ? {} : { ca }),',
    'rejectUnauthorized: false,',
  ),
  without(
    'test/gateway/channel-access.test.ts',
    'what a token may see',
    'src/gateway/session/subscription-plan.ts',
    'if (!grant.allows(view.channel))',
    'if (grant === null)',
  ),
  without(
    'test/access/redis-access.test.ts',
    'holds no key and no ticket, only their hashes',
    'src/access/secret-text.ts',
    "return createHash('sha256').update(secretText).digest('base64url');",
    'return secretText;',
  ),
  without(
    'test/limits/ledger.test.ts',
    'leaves the memory of blocked ones bounded, and each blocked no longer than it should be',
    'src/limits/blocked-addresses.ts',
    'max: maxAddresses',
    'max: 1e7 + maxAddresses',
  ),
  without(
    'test/fuzz/fuzz.test.ts',
    'rubbish from clients and from the exchange hurts nobody beside it',
    'src/gateway/codec/json.ts',
    '  } catch {\n',
    '  } catch (error) {\n    throw error;\n',
  ),
  without(
    JWT,
    'checks typ where it is configured',
    'src/gateway/auth/jwt-verifier.ts',
    '...(settings.type === undefined ? {} : { typ: settings.type }),',
    '',
  ),
  without(
    JWT,
    'refuses tokens that live for too long, from iat or else from now',
    'src/gateway/auth/lifetime.ts',
    'if (expiresAt - (issuedAt ?? now) > maxLifetimeMs + allowanceMs + ROUNDING_MS)',
    'if (maxLifetimeMs < 0)',
  ),
  without(
    KEYS,
    'are trusted no longer once they are gone from the set, remembered tokens or not',
    'src/gateway/auth/verified-tokens.ts',
    ' && keys.trusts(token.key)',
    '',
  ),
  without(
    KEYS,
    'leaves them in force up to a bound, and then tokens cannot be checked',
    'src/gateway/auth/jwks/refresh-policy.ts',
    'now - this.#setFrom < this.#timing.maxStaleMs',
    'now >= 0',
  ),
  without(
    KEYS,
    'are fetched at most once in the cooldown, however many strange keys tokens name',
    'src/gateway/auth/jwks/refresh-policy.ts',
    'now - this.#unknownKeyAt < this.#timing.cooldownMs',
    'now < 0',
  ),
  without(
    'test/gateway/auth/jwks/jwk-set.test.ts',
    'leaves out %s, and keeps the others',
    'src/gateway/auth/jwks/jwk-set.ts',
    "if ('k' in jwk || 'd' in jwk) return 'not public';",
    '',
  ),
  without(
    REVOCATION,
    'refuses what is, and says of what',
    'src/gateway/auth/revocation-check.ts',
    'if (kind === null) return verification;',
    'if (kind !== undefined) return verification;',
  ),
  without(
    REVOCATION,
    'lets nobody in, and uses no ticket up, as long as revocations were never read',
    'src/gateway/auth/revocation-check.ts',
    'if (!revocations.isSynced && ',
    'if (false && ',
  ),
  without(
    ACCESS,
    'ends everywhere within a second when it is revoked, although it is remembered',
    'src/roles/gateway-parts.ts',
    'revocations.onRevoked(() => accessMetrics.sessionsRevoked(sessions.closeRevoked()));',
    '',
  ),
  without(
    ACCESS,
    'lets in exactly one of fifty who present it at once, at two gateways',
    'src/access/redis/redis-tickets.ts',
    'this.#connection.getdel(',
    'this.#connection.get(',
  ),
  without(
    ACCESS,
    'is not had for another ticket',
    'src/gateway/rest/router.ts',
    "if (credential.kind === 'ticket' && route.takesTickets === false)",
    'if (false)',
  ),
  without(
    FOLLOWER,
    'keeps what it knows while the store is away, and catches up by itself',
    'src/access/revocation-follower.ts',
    '      this.#isFailing = true;\n',
    '      this.#isFailing = true;\n      this.#known.prune(Infinity);\n',
  ),
  without(
    FOLLOWER,
    'gives back to the store what that has lost, and takes what it has instead',
    'src/access/revocation-follower.ts',
    '    await this.#giveBack();\n',
    '',
  ),
  without(
    API_KEY,
    'is refused with the secret of another key, in the words for an unknown one',
    'src/gateway/auth/api-key-verifier.ts',
    ' || !isSameHash(record.hash, hash)',
    '',
  ),
  without(
    API_KEY,
    'is remembered only if it was good, and only so many are',
    'src/gateway/auth/api-key-verifier.ts',
    'max: settings.maxRemembered ?? 20_000',
    'max: 20_000',
  ),
  without(
    'test/gateway/auth/verified-tokens.test.ts',
    'of distinct tokens leaves no more remembered than there is room for',
    'src/gateway/auth/verified-tokens.ts',
    'max: maxTokens',
    'max: 1e6 + maxTokens',
  ),
  without(
    FLEET,
    FLEET_STORM,
    'src/limits/redis/lua/admit.lua.ts',
    'if others + own >= limit then',
    'if own >= limit then',
  ),
  without(
    FLEET,
    FLEET_STORM,
    'src/limits/redis/lua/places.lua.ts',
    'if count and tonumber(expires) > now then',
    'if count then',
  ),
  without(
    LIMITS,
    'of its subject is answered 429, and other subjects are not',
    'src/limits/connection-limits.ts',
    '...place(LIMIT_KEYS.connectionsOfSubject(subject), book.ofPlan(plan).connectionsPerSubject),',
    '',
  ),
  without(
    LIMITS,
    'of attempts is answered 429 with the time that is left, whatever the attempts were',
    UPGRADES,
    '      this.#deps.limits.attemptFailed(address);\n      throw error;',
    '      throw error;',
  ),
  without(
    LIMITS,
    'of forged credentials is answered 429 for longer, without a look at the credential',
    UPGRADES,
    'if (isSuspicious(code)) limits.credentialRefused(address, true);\n      else limits',
    'limits',
  ),
  without(
    LIMITS,
    'of the process is answered 503 with Retry-After',
    UPGRADES,
    'if (full !== null) throw',
    'if (full === undefined) throw',
  ),
  without(
    LIMITS,
    'is given back when the client leaves in the middle of the upgrade',
    UPGRADES,
    '      if (candidate.aborted) {\n        place.release();',
    '      if (candidate.aborted) {',
  ),
  without(
    REDIS_LIMITS,
    'is one call, one for all that come in the same turn, and none for a blocked address',
    'src/limits/connection-limits.ts',
    '      this.#block(address, refusal);\n',
    '',
  ),
  without(
    REDIS_LIMITS,
    'each gateway keeps its share, at once and without waiting, and agrees with Redis again afterwards',
    'src/limits/connection-limits.ts',
    'this.#ledger.claimed(key) >= insurance.shareOf(limit)',
    'this.#ledger.claimed(key) >= Infinity',
  ),
  without(
    ROUTER,
    'answer 429 to a subject that asks for more than its plan, wherever it asks from',
    'src/gateway/rest/router.ts',
    'note(await deps.limits.countRequest(identity.subject, identity.plan), counted);',
    '',
  ),
  without(
    ROUTER,
    'answer 429 to an address that asks for too much without a credential, but never to health checks',
    'src/gateway/rest/router.ts',
    'if (route?.isLimited !== false) await countAnonymous(request, counted);',
    '',
  ),
  without(
    ROUTER,
    'count what is refused as if it came without a credential: %s',
    'src/gateway/rest/router.ts',
    'if (isRefusal(error)) await countAnonymous(request, counted);',
    '',
  ),
  without(
    ROUTER,
    'shut out before a look at anything of the request',
    'src/gateway/rest/router.ts',
    'const shutOut = deps.limits.refusalOf(request.address);',
    'const shutOut = null as ReturnType<typeof deps.limits.refusalOf>;',
  ),
  without(
    ROUTER,
    'shut out an address whose credentials are forged again and again, not one whose are old',
    'src/gateway/rest/router.ts',
    'if (isSuspicious(problem)) deps.limits.credentialRefused(request.address, false);',
    '',
  ),
  without(
    CLIENT_ADDRESS,
    'cannot be chosen by the client, whatever it writes to the left',
    'src/gateway/server/client-address.ts',
    'hops.slice(-MAX_HOPS).reverse()',
    'hops.slice(-MAX_HOPS)',
  ),
  without(
    CLIENT_ADDRESS,
    'a client that lies about its address is counted by its own',
    'src/gateway/server/client-address.ts',
    'if (trustedProxies.isEmpty || !trustedProxies.has(peer)) return peer;',
    '',
  ),
  without(
    CLIENT_ADDRESS,
    'of IPv6 count by their /64',
    'src/net/ip-address.ts',
    "if (!address.includes(':')) return address;",
    "if (address !== '') return address;",
  ),
  without(
    FLOOD,
    'without end bring no more than a hundred candles for each message that may be sent',
    'src/gateway/session/session.ts',
    'this.#budget.chargeCandles(candles, subscriptions);',
    '',
  ),
  without(
    FLOOD,
    'of a resume cost the same',
    'src/gateway/session/socket-delivery.ts',
    "if (part.kind !== 'catch_up') this.#owner",
    "if (part.kind === 'snapshot') this.#owner",
  ),
  without(
    FLOOD,
    'of messages is answered with errors, and closed with 4429 when it goes on',
    'src/gateway/session/message-budget.ts',
    'if (this.#left < 1) return false;',
    '',
  ),
  without(
    FLOOD,
    'of protocol pings, and of pongs that nobody asked for, is closed with 4429 after 61',
    'src/gateway/session/session.ts',
    'if (!this.#takeFromBudget()) this.#countRefusal();',
    '',
  ),
  without(
    FLOOD,
    'of subscribing and unsubscribing is closed with 4429 after 40 of each other message',
    'src/gateway/session/session.ts',
    "      this.refuse('rate_limited', undefined);\n      this.#countRefusal();\n      return;",
    "      this.refuse('rate_limited', undefined);",
  ),
  without(
    FLOOD,
    'has debts for what names many channels',
    'src/gateway/session/message-budget.ts',
    'this.#left -= Math.floor((channels - 1) / CHANNELS_PER_MESSAGE);',
    '',
  ),
  without(
    'test/limits/ledger.test.ts',
    'leaves the windows in memory bounded',
    'src/limits/memory/bounded-memory-limiter.ts',
    "if (reason === 'evict') void super.delete(key);",
    '',
  ),
  without(
    'test/ingest/ingest.test.ts',
    'goes on closing candles after frames whose %s a year ahead',
    'src/ingest/worker.ts',
    '!this.#exchangeTime.allows(candle, exchange, receivedAt)',
    'false',
  ),
];
