import type { Logger } from 'pino';
import type { GatewayConfig, LogConfig } from '../config/load.ts';
import { SETTING_KEYS } from '../config/settings.ts';
import { setLogLevel } from '../log/log.ts';
import type { AssembledGateway } from './gateway-parts.ts';
import type { ReplaceableIngest } from './ingest-in-force.ts';
import type { ReloadStep } from './reload.ts';

type Reloaded = Pick<GatewayConfig, 'auth' | 'server' | 'limits' | 'channels'>;

/** What every process can take in. */
export function logStep(log: Logger): ReloadStep<{ readonly log: LogConfig }> {
  return { keys: ['logLevel'], apply: (config) => setLogLevel(log, config.log.level) };
}

/** What an ingest worker can take in beside that. */
export function channelsStep(
  ingest: Pick<ReplaceableIngest, 'useChannels'>,
): ReloadStep<Pick<GatewayConfig, 'channels'>> {
  return {
    keys: ['symbols', 'intervals'],
    apply: ({ channels }) => ingest.useChannels(channels),
  };
}

/** What a gateway can take in while it serves. */
export function gatewaySteps(
  gateway: Pick<AssembledGateway, 'useAuth' | 'useOrigins' | 'useLimits'> & {
    useChannels(channels: GatewayConfig['channels']): void | Promise<void>;
  },
): readonly ReloadStep<Reloaded>[] {
  return [
    {
      keys: SETTING_KEYS.filter((key) => key.startsWith('jwt') && key !== 'jwtMaxLifetimeMs'),
      apply: ({ auth }) => gateway.useAuth(auth),
    },
    {
      keys: ['allowedOrigins'],
      apply: ({ server }) => gateway.useOrigins(server.allowedOrigins),
    },
    {
      keys: ['symbols', 'intervals'],
      apply: ({ channels }) => gateway.useChannels(channels),
    },
    {
      keys: [
        'maxSubscriptions',
        'maxConnections',
        'maxConnectionsPerIp',
        'maxConnectionsPerSubject',
        'attemptsPerMinute',
        'failuresPerMinute',
        'failureBlockMs',
        'requestsPerMinute',
        'requestsPerIpPerMinute',
        'messagesPerSecond',
        'plans',
      ],
      apply: ({ limits }) => gateway.useLimits(limits),
    },
  ];
}
