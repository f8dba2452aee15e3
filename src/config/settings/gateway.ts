import { setting } from '../setting.ts';
import { integer, list, onOff, plainText, port } from '../text.ts';

const ROLES = ['gateway', 'standalone'] as const;

/** An origin as browsers send it, or `*`. */
function readOrigin(text: string): string | undefined {
  if (text === '*') return text;
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const { origin, href } = new URL(text);
  return href === `${origin}/` ? origin : undefined;
}

const NO_ORIGINS: readonly string[] = [];

/** The public port and what its clients may do. */
export const GATEWAY_SETTINGS = {
  host: setting({
    description: 'Address of the public port.',
    default: '0.0.0.0',
    // It has the tokens' key in its output and takes tokens in addresses: for this machine only.
    roleDefaults: { standalone: '127.0.0.1' },
    roles: ROLES,
    placeholder: 'address',
    schema: plainText(255),
  }),
  port: setting({
    description: 'The public port: WebSocket, REST and page; 0 for a free one.',
    default: 8000,
    roles: ROLES,
    placeholder: 'port',
    schema: port,
  }),
  allowedOrigins: setting({
    description:
      'Origins whose pages may connect (`https://app.example.com`), comma separated, or `*` for any. The own page always may, and so may clients that send no `Origin`.',
    default: NO_ORIGINS,
    roles: ROLES,
    placeholder: 'list',
    schema: list('origins (`https://host`, no path) or `*`', readOrigin),
  }),
  heartbeatMs: setting({
    description: 'Every connection gets a `heartbeat` message this often.',
    unit: 'ms',
    default: 30_000,
    roles: ROLES,
    placeholder: 'ms',
    schema: integer(1000, 600_000),
  }),
  maxSubscriptions: setting({
    description: 'Channels that one connection may hold.',
    unit: 'channels',
    default: 100,
    roles: ROLES,
    placeholder: 'count',
    schema: integer(1, 10_000),
  }),
  maxMessageBytes: setting({
    description: "Size of a client's message. Beyond four times this the connection is cut.",
    unit: 'bytes',
    default: 65_536,
    roles: ROLES,
    placeholder: 'bytes',
    schema: integer(256, 16_777_216),
  }),
  maxBackpressureBytes: setting({
    description:
      'What may wait in the buffer of one connection before updates of open candles are skipped.',
    unit: 'bytes',
    default: 65_536,
    roles: ROLES,
    placeholder: 'bytes',
    schema: integer(4096, 67_108_864),
  }),
  deflate: setting({
    description: 'Whether permessage-deflate is offered.',
    default: true,
    roles: ROLES,
    placeholder: 'on|off',
    schema: onOff,
  }),
  deflateMinBytes: setting({
    description: 'Only messages of at least this size are compressed.',
    unit: 'bytes',
    default: 1024,
    roles: ROLES,
    placeholder: 'bytes',
    schema: integer(0, 16_777_216),
  }),
};
