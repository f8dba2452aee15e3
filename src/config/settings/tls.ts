import { setting } from '../setting.ts';
import { certificates, privateKey } from '../pem.ts';

const ROLES = ['gateway', 'standalone'] as const;

/** TLS on the public port, for those without a proxy that does it. */
export const TLS_SETTINGS = {
  tlsCert: setting({
    description:
      'Certificate of the public port and those above it, in PEM or the path of a file. With it the port speaks only TLS (1.2 or newer): `https` and `wss`. Read at the start.',
    default: null,
    roles: ROLES,
    shown: 'private',
    placeholder: 'pem|file',
    schema: certificates,
  }),
  tlsKey: setting({
    description: 'The private key of that certificate: PEM or the path of a file.',
    default: null,
    roles: ROLES,
    shown: 'secret',
    placeholder: 'pem|file',
    schema: privateKey,
  }),
};
