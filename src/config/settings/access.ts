import { setting } from '../setting.ts';
import { integer } from '../text.ts';

const ROLES = ['gateway', 'standalone'] as const;

/** API keys, tickets, and what is refused although it is valid. */
export const ACCESS_SETTINGS = {
  apiKeyCacheMs: setting({
    description:
      'How long an API key that was found good is not looked up in Redis again. Its revocation is obeyed all the same.',
    unit: 'ms',
    default: 10_000,
    roles: ROLES,
    placeholder: 'ms',
    schema: integer(0, 600_000),
  }),
  ticketTtlMs: setting({
    description: 'How long a ticket is good.',
    unit: 'ms',
    default: 30_000,
    roles: ROLES,
    placeholder: 'ms',
    schema: integer(1_000, 600_000),
  }),
  revocationPollMs: setting({
    description: 'How often a gateway looks for new revocations.',
    unit: 'ms',
    default: 500,
    roles: ROLES,
    placeholder: 'ms',
    schema: integer(50, 800),
  }),
};
