import { readNetwork } from '../../net/ip-address.ts';
import { planList } from '../plans.ts';
import { setting } from '../setting.ts';
import { integer, list, onOff } from '../text.ts';

const ROLES = ['gateway', 'standalone'] as const;

const NONE: readonly string[] = [];

/** A limit that 0 switches off. */
function limit(
  description: string,
  unit: 'connections' | 'requests/min' | 'messages/s',
  value: number,
) {
  return setting({
    description: `${description} 0: no limit.`,
    unit,
    default: value,
    roles: ROLES,
    placeholder: 'count',
    schema: integer(0, 10_000_000),
  });
}

/** How much a client may do; counted over all gateways unless said otherwise. */
export const LIMIT_SETTINGS = {
  maxConnections: limit('Open connections of this process.', 'connections', 50_000),
  maxConnectionsPerIp: limit(
    'Open connections from one IPv4 address, or from one /64 of IPv6.',
    'connections',
    10_000,
  ),
  maxConnectionsPerSubject: limit(
    'Open connections of one subject (`sub` of the token).',
    'connections',
    1_000,
  ),
  attemptsPerMinute: limit(
    'Requests for a WebSocket from one address, whatever becomes of them.',
    'requests/min',
    6_000,
  ),
  failuresPerMinute: limit(
    'Refused credentials from one address; beyond that it is shut out. Tokens that were good once (expired) do not count.',
    'requests/min',
    100,
  ),
  failureBlockMs: setting({
    description: 'How long an address with too many refused credentials is shut out.',
    unit: 'ms',
    default: 300_000,
    roles: ROLES,
    placeholder: 'ms',
    schema: integer(1000, 86_400_000),
  }),
  requestsPerMinute: limit('REST requests of one subject.', 'requests/min', 1_200),
  requestsPerIpPerMinute: limit(
    'REST requests from one address that present no credential, or one that is refused.',
    'requests/min',
    1_200,
  ),
  messagesPerSecond: limit(
    'Messages and pings of one connection, with four seconds’ worth at once.',
    'messages/s',
    50,
  ),
  plans: setting({
    description:
      'Limits by the claim `plan` of the token: `pro:connections=50,subscriptions=500,messages=100,requests=6000;free:connections=2`. What a plan does not name, and plans that are not listed, have the limits above.',
    default: null,
    roles: ROLES,
    placeholder: 'plans',
    schema: planList,
  }),
  trustedProxies: setting({
    description:
      'Comma list of addresses and networks (`10.0.0.0/8`) whose `X-Forwarded-For` and `Forwarded` are believed. Without it the other end of the connection is the client.',
    default: NONE,
    roles: ROLES,
    placeholder: 'list',
    schema: list('addresses and networks (`10.0.0.0/8`, `2001:db8::/32`)', readNetwork),
  }),
  proxyProtocol: setting({
    description:
      'Whether trusted proxies begin connections with the PROXY protocol (version 2). From anybody else it is ignored.',
    default: false,
    roles: ROLES,
    placeholder: 'on|off',
    schema: onOff,
  }),
  limitLeaseMs: setting({
    description:
      'How long open connections of a gateway that has crashed are still counted. Gateways renew theirs three times in it.',
    unit: 'ms',
    default: 15_000,
    roles: ['gateway'],
    placeholder: 'ms',
    schema: integer(1000, 600_000),
  }),
};
