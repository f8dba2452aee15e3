import { setting } from '../setting.ts';
import { integer, list, onOff, plainText, secretText } from '../text.ts';
import { jwksUrl } from '../jwks-url.ts';
import { publicKeyText } from '../public-key.ts';

const VERIFIERS = ['gateway', 'standalone'] as const;
const WITH_TOKENS = ['gateway', 'standalone', 'token'] as const;

const ALGORITHMS: readonly string[] = ['HS256', 'RS256', 'PS256', 'ES256', 'EdDSA'];

function readAlgorithm(text: string): string | undefined {
  return ALGORITHMS.find((name) => name === text);
}

/** Which tokens are accepted, and where. */
export const AUTH_SETTINGS = {
  jwtSecret: setting({
    description:
      'Key of HS256 tokens, at least 32 bytes. Without any key `standalone` makes one up at every start.',
    default: null,
    roles: WITH_TOKENS,
    shown: 'secret',
    placeholder: 'secret',
    schema: secretText(32),
  }),
  jwtPreviousSecret: setting({
    description:
      'A second key of HS256 tokens, accepted beside the first while the secret is exchanged: the new one there, the old one here until its last token has ended.',
    default: null,
    roles: VERIFIERS,
    shown: 'secret',
    placeholder: 'secret',
    schema: secretText(32),
  }),
  jwtPublicKey: setting({
    description:
      'Public key of signed tokens: PEM (SPKI; line breaks may be written `\\n`) or a JWK. RSA, P-256 or Ed25519.',
    default: null,
    roles: VERIFIERS,
    shown: 'private',
    placeholder: 'key',
    schema: publicKeyText,
  }),
  jwtJwksUrl: setting({
    description:
      "Address of the issuer's public keys (a JWK set), which may change at any time. `https`; `http` only on this machine.",
    default: null,
    roles: VERIFIERS,
    shown: 'url',
    placeholder: 'url',
    schema: jwksUrl,
  }),
  jwtJwksMaxAgeMs: setting({
    description:
      'The keys of that address are fetched anew this often. So long a key that was taken out of the set may still be trusted.',
    unit: 'ms',
    default: 600_000,
    roles: VERIFIERS,
    placeholder: 'ms',
    schema: integer(1000, 86_400_000),
  }),
  jwtJwksCooldownMs: setting({
    description: 'Tokens that name an unknown key make the keys be fetched at most this often.',
    unit: 'ms',
    default: 30_000,
    roles: VERIFIERS,
    placeholder: 'ms',
    schema: integer(1000, 3_600_000),
  }),
  jwtJwksMaxStaleMs: setting({
    description:
      'While the address is down the keys it gave last are trusted until they are this old; then tokens are answered with 503.',
    unit: 'ms',
    default: 86_400_000,
    roles: VERIFIERS,
    placeholder: 'ms',
    schema: integer(1000, 2_592_000_000),
  }),
  jwtJwksTimeoutMs: setting({
    description: 'The address must have given its whole answer after this time.',
    unit: 'ms',
    default: 5_000,
    roles: VERIFIERS,
    placeholder: 'ms',
    schema: integer(100, 60_000),
  }),
  jwtAlgorithms: setting({
    description:
      'Only tokens signed in these ways are accepted: a comma list of HS256, RS256, PS256, ES256, EdDSA. Without it each key may be used in the ways of its type.',
    default: null,
    roles: VERIFIERS,
    placeholder: 'list',
    schema: list('`HS256`, `RS256`, `PS256`, `ES256` or `EdDSA`', readAlgorithm),
  }),
  jwtType: setting({
    description:
      'Tokens must have this `typ` in their header, such as `at+jwt`. Without it any is accepted.',
    default: null,
    roles: WITH_TOKENS,
    placeholder: 'text',
    schema: plainText(128),
  }),
  jwtClockToleranceMs: setting({
    description:
      "Allowance for the issuer's clock on `exp`, `nbf` and `iat`. An open connection is closed at `exp` all the same.",
    unit: 'ms',
    default: 5_000,
    roles: VERIFIERS,
    placeholder: 'ms',
    schema: integer(0, 300_000),
  }),
  jwtMaxLifetimeMs: setting({
    description:
      'Tokens that live for longer, from `iat` to `exp`, are refused. Default: 7 days. Connections with an API key last for as long, and revocations are kept for 15 minutes longer: give `revoke` and `key` the same value as the gateways.',
    unit: 'ms',
    default: 604_800_000,
    roles: [...WITH_TOKENS, 'key', 'revoke'],
    placeholder: 'ms',
    schema: integer(1000, 31_622_400_000),
  }),
  jwtIssuer: setting({
    description: 'Tokens must have this `iss`. Without it any issuer is accepted.',
    default: null,
    roles: WITH_TOKENS,
    placeholder: 'text',
    schema: plainText(512),
  }),
  jwtAudience: setting({
    description: 'Tokens must have this in `aud`. Without it any audience is accepted.',
    default: null,
    roles: WITH_TOKENS,
    placeholder: 'text',
    schema: plainText(512),
  }),
  tokenWarningMs: setting({
    description:
      'A connection is told by `token_expiring` this long before its token ends; of tokens that live for less than five times this, after four fifths of their life. 0: never.',
    unit: 'ms',
    default: 60_000,
    roles: VERIFIERS,
    placeholder: 'ms',
    schema: integer(0, 86_400_000),
  }),
  queryToken: setting({
    description:
      'Whether `?token=` in the address is accepted. Addresses end up in logs, so leave it off where others read them.',
    default: false,
    roleDefaults: { standalone: true },
    roles: VERIFIERS,
    placeholder: 'on|off',
    schema: onOff,
  }),
};
