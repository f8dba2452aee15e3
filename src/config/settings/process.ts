import { ROLES, setting } from '../setting.ts';
import { integer, oneOf, plainText, port } from '../text.ts';

const SERVERS = ['gateway', 'ingest', 'standalone', 'simulator'] as const;
const OBSERVED = ['gateway', 'ingest', 'standalone'] as const;
const WITH_ADMIN_PORT = [...OBSERVED, 'health'] as const;

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export const LOG_FORMATS = ['auto', 'json', 'pretty'] as const;

/** What every process has: a name, a log, an admin port. */
export const PROCESS_SETTINGS = {
  envFile: setting({
    description:
      'File of such variables, one `NAME=value` a line. The environment goes before it. SIGHUP reads it again (docs/operations.md).',
    default: null,
    roles: ROLES,
    placeholder: 'file',
    schema: plainText(4096),
  }),
  instance: setting({
    description:
      'Name of this process in logs, in `welcome` and as holder of the lease. Default: host name and process id.',
    default: null,
    roles: OBSERVED,
    placeholder: 'name',
    schema: plainText(64),
  }),
  logLevel: setting({
    description: 'The least severe messages that are logged.',
    default: 'info',
    roles: SERVERS,
    placeholder: 'level',
    schema: oneOf(LOG_LEVELS),
  }),
  logFormat: setting({
    description: '`json`: one object a line; `pretty`: for people; `auto`: pretty on a terminal.',
    default: 'auto',
    roles: SERVERS,
    placeholder: 'format',
    schema: oneOf(LOG_FORMATS),
  }),
  adminHost: setting({
    description:
      'Address of the admin port (`/metrics`, `/livez`, `/readyz`, `/connections`). It must never be reachable from outside.',
    default: '127.0.0.1',
    roles: WITH_ADMIN_PORT,
    placeholder: 'address',
    schema: plainText(255),
  }),
  adminPort: setting({
    description: 'The admin port; 0 for a free one.',
    default: 9464,
    roles: WITH_ADMIN_PORT,
    placeholder: 'port',
    schema: port,
  }),
  traceSlowMs: setting({
    description:
      'A candle delivered later than this is traced in full, sampled or not. Traces are sent where the standard `OTEL_EXPORTER_OTLP_ENDPOINT` says, and not at all without it; see docs/observability.md.',
    unit: 'ms',
    default: 250,
    roles: ['gateway', 'standalone'],
    placeholder: 'ms',
    schema: integer(1, 600_000),
  }),
  drainNoticeMs: setting({
    description:
      'On shutdown, how long the public port still takes connections after `/readyz` has said no: time for a proxy that asks it to notice. Kubernetes has `preStop` for that.',
    unit: 'ms',
    default: 0,
    roles: ['gateway', 'standalone'],
    placeholder: 'ms',
    schema: integer(0, 600_000),
  }),
  drainWindowMs: setting({
    description: 'On shutdown, the closes of all connections are spread over this time.',
    unit: 'ms',
    default: 10_000,
    roles: ['gateway', 'standalone'],
    placeholder: 'ms',
    schema: integer(0, 3_600_000),
  }),
  drainDeadlineMs: setting({
    description: 'On shutdown, the process ends after this time, whatever is still open.',
    unit: 'ms',
    default: 25_000,
    roles: OBSERVED,
    placeholder: 'ms',
    schema: integer(100, 3_600_000),
  }),
};
