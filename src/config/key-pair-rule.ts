import type { CombinationRule } from './combination-rule.ts';
import { isKeyOf } from './pem.ts';
import { envName, type Role } from './setting.ts';

/** A certificate and its private key: both or neither, and they must belong together. */
export function keyPairRule(
  roles: readonly Role[],
  certificate: 'redisCert' | 'tlsCert',
  key: 'redisKey' | 'tlsKey',
): CombinationRule {
  return {
    roles,
    keys: [certificate, key],
    check(values) {
      const [cert, secret] = [values[certificate], values[key]];
      if (cert === null && secret === null) return undefined;
      if (secret === null) return { key, message: `is needed with ${envName(certificate)}` };
      if (cert === null) {
        return { key: certificate, message: `is needed with ${envName(key)}` };
      }
      if (isKeyOf(secret, cert)) return undefined;
      return { key, message: `is not the key of the certificate in ${envName(certificate)}` };
    },
  };
}
