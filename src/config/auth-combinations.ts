import type { CombinationRule } from './combination-rule.ts';
import { publicKeyAlgorithms } from './public-key.ts';
import { envName } from './setting.ts';

/** Mistakes in the settings of tokens that only show when several are looked at. */
export const AUTH_RULES: readonly CombinationRule[] = [
  {
    roles: ['gateway'],
    keys: ['jwtSecret', 'jwtPublicKey', 'jwtJwksUrl'],
    check: ({ jwtSecret, jwtPublicKey, jwtJwksUrl }) =>
      jwtSecret === null && jwtPublicKey === null && jwtJwksUrl === null
        ? {
            key: 'jwtSecret',
            message: `is needed, or ${envName('jwtPublicKey')} or ${envName('jwtJwksUrl')}: a gateway without a key can accept no token`,
          }
        : undefined,
  },
  {
    roles: ['token'],
    keys: ['jwtSecret'],
    check: ({ jwtSecret }) =>
      jwtSecret === null ? { key: 'jwtSecret', message: 'is needed to sign a token' } : undefined,
  },
  {
    roles: ['gateway', 'standalone'],
    keys: ['jwtSecret', 'jwtPreviousSecret'],
    check: ({ jwtSecret, jwtPreviousSecret }) =>
      jwtPreviousSecret !== null && jwtSecret === null
        ? { key: 'jwtPreviousSecret', message: `is nothing without ${envName('jwtSecret')}` }
        : undefined,
  },
  {
    roles: ['gateway', 'standalone'],
    keys: ['jwtAlgorithms', 'jwtSecret', 'jwtPublicKey', 'jwtJwksUrl'],
    check: ({ jwtAlgorithms, jwtSecret, jwtPublicKey, jwtJwksUrl }) => {
      if (jwtAlgorithms === null) return undefined;
      const wantsSecret = jwtSecret !== null || (jwtPublicKey === null && jwtJwksUrl === null);
      if (wantsSecret && !jwtAlgorithms.includes('HS256')) {
        return {
          key: 'jwtAlgorithms',
          message: 'must have HS256, or the secret is good for nothing',
        };
      }
      const ofKey = jwtPublicKey === null ? null : publicKeyAlgorithms(jwtPublicKey);
      if (ofKey !== null && !ofKey.some((name) => jwtAlgorithms.includes(name))) {
        const names = ofKey.join(' or ');
        return {
          key: 'jwtAlgorithms',
          message: `must have ${names}, or ${envName('jwtPublicKey')} is good for nothing`,
        };
      }
      return jwtJwksUrl !== null && jwtAlgorithms.every((name) => name === 'HS256')
        ? {
            key: 'jwtAlgorithms',
            message: `must have more than HS256, or ${envName('jwtJwksUrl')} is good for nothing`,
          }
        : undefined;
    },
  },
  {
    roles: ['gateway', 'standalone'],
    keys: ['jwtJwksMaxAgeMs', 'jwtJwksMaxStaleMs'],
    check: ({ jwtJwksMaxAgeMs, jwtJwksMaxStaleMs }) =>
      jwtJwksMaxStaleMs < 2 * jwtJwksMaxAgeMs
        ? {
            key: 'jwtJwksMaxStaleMs',
            message: `(${jwtJwksMaxStaleMs}) must be at least twice ${envName('jwtJwksMaxAgeMs')} (${jwtJwksMaxAgeMs}), or one failed fetch makes the keys too old`,
          }
        : undefined,
  },
];
