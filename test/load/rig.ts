import { buildCli } from '../support/built-cli.ts';
import { startRedis } from '../support/redis.ts';
import { listening, startRole, type RoleProcess } from '../support/role-process.ts';

/** Simulator, ingest, Redis and two gateways. */
export interface LoadRig {
  /** `ws://host:port` of both. */
  readonly gateways: readonly string[];
  close(): Promise<void>;
}

/** One-minute candles close every second. */
const SPEED = '60';

/** @param gatewayEnv further settings of the gateways */
export async function startLoadRig(
  gatewayEnv: Readonly<Record<string, string>> = {},
): Promise<LoadRig> {
  await buildCli();
  const redis = await startRedis();
  const roles: RoleProcess[] = [];
  const start = (args: string[], env: Record<string, string>): RoleProcess => {
    const role = startRole(args, { CANDLEGATE_LOG_FORMAT: 'json', ...env });
    roles.push(role);
    return role;
  };
  const simulator = start(['simulator'], {
    CANDLEGATE_SIMULATOR_PORT: '0',
    CANDLEGATE_SIMULATOR_SPEED: SPEED,
  });
  const { ws, rest } = await simulator.logged(({ msg }) => msg === 'simulator listens');
  const common = { CANDLEGATE_FEED: 'simulator', CANDLEGATE_REDIS_URL: redis.url };
  start(['ingest'], {
    ...common,
    CANDLEGATE_BYBIT_WS_URL: String(ws),
    CANDLEGATE_BYBIT_REST_URL: String(rest),
  });
  const gateways = [1, 2].map(() => start(['gateway'], { ...common, ...gatewayEnv }));
  const addresses = await Promise.all(gateways.map(listening));
  await Promise.all(
    addresses.map(async ({ admin }) => {
      while ((await fetch(`${admin}/readyz`)).status !== 200) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }),
  );
  return {
    gateways: addresses.map(({ ws: address }) => address),
    async close() {
      await Promise.all(roles.map((role) => role.stop('SIGKILL')));
      await redis.stop();
    },
  };
}
