import { setting } from '../setting.ts';
import { integer, onOff, plainText, secretText } from '../text.ts';
import { publicKeyText } from '../public-key.ts';

const VERIFIERS = ['gateway', 'standalone'] as const;
const WITH_TOKENS = ['gateway', 'standalone', 'token'] as const;

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
  jwtPublicKey: setting({
    description:
      'Public key of signed tokens: PEM (SPKI; line breaks may be written `\\n`) or a JWK. RSA, P-256 or Ed25519.',
    default: null,
    roles: VERIFIERS,
    shown: 'private',
    placeholder: 'key',
    schema: publicKeyText,
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
