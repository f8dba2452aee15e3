import { exportSPKI, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { IMAGE_NODE_OPTIONS } from '../lib/defaults.ts';
import { startRedis, type TestRedis } from '../../test/support/redis.ts';
import { listening, startRole, type RoleProcess } from '../../test/support/role-process.ts';
import type { Server } from './raw-client.ts';

/** Simulator, ingest, Redis and one gateway as it is installed: every default on, tokens signed by EdDSA. */
export interface ConnectionRig {
  readonly redis: TestRedis;
  readonly ingest: RoleProcess;
  readonly ingestAdmin: string;
  readonly gateway: RoleProcess;
  readonly server: Server;
  /** Of the gateway's admin port. */
  readonly admin: string;
  /** `count` different tokens of `subjects` subjects, signed now. */
  sign(count: number, subjects: number): Promise<string[]>;
  stop(): Promise<void>;
}

export interface RigOptions {
  readonly symbols?: readonly string[];
  readonly intervals?: readonly string[];
  /** The simulator's clock: at 60 a one-minute candle closes each second. */
  readonly speed?: number;
  readonly gatewayEnv?: Readonly<Record<string, string>>;
  /** Not waited for: the caller looks at how histories come. */
  readonly untilReady?: boolean;
}

export async function startRig(options: RigOptions = {}): Promise<ConnectionRig> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  const redis = await startRedis();
  const roles: RoleProcess[] = [];
  const start = (role: string, env: Record<string, string>): RoleProcess => {
    const process = startRole([role], { CANDLEGATE_LOG_FORMAT: 'json', ...env });
    roles.push(process);
    return process;
  };
  const channels = {
    ...(options.symbols && { CANDLEGATE_SYMBOLS: options.symbols.join(',') }),
  };
  const intervals = {
    ...(options.intervals && { CANDLEGATE_INTERVALS: options.intervals.join(',') }),
  };
  const simulator = start('simulator', {
    ...channels,
    CANDLEGATE_SIMULATOR_PORT: '0',
    CANDLEGATE_SIMULATOR_SPEED: String(options.speed ?? 1),
  });
  const { ws, rest } = await simulator.logged(({ msg }) => msg === 'simulator listens');
  const common = {
    ...channels,
    ...intervals,
    CANDLEGATE_FEED: 'simulator',
    CANDLEGATE_REDIS_URL: redis.url,
  };
  const gateway = start('gateway', {
    ...common,
    CANDLEGATE_JWT_SECRET: '',
    CANDLEGATE_JWT_PUBLIC_KEY: await exportSPKI(publicKey),
    NODE_OPTIONS: IMAGE_NODE_OPTIONS,
    ...options.gatewayEnv,
  });
  const ingest = start('ingest', {
    ...common,
    CANDLEGATE_BYBIT_WS_URL: String(ws),
    CANDLEGATE_BYBIT_REST_URL: String(rest),
  });
  const { http, admin } = await listening(gateway);
  const ingestPort = await ingest.logged(({ msg }) => msg === 'admin port listens');
  if (options.untilReady !== false) {
    while ((await fetch(`${admin}/readyz`)).status !== 200) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  const { hostname, port } = new URL(http);
  return {
    redis,
    ingest,
    ingestAdmin: `http://127.0.0.1:${String(ingestPort['port'])}`,
    gateway,
    server: { host: hostname, port: Number(port) },
    admin,
    sign: (count, subjects) => signTokens(privateKey, count, subjects),
    async stop() {
      await Promise.all(roles.map((role) => role.stop('SIGKILL')));
      await redis.stop();
    },
  };
}

let signed = 0;

async function signTokens(key: CryptoKey, count: number, subjects: number): Promise<string[]> {
  const tokens: string[] = [];
  for (let index = 0; index < count; index += 1) {
    signed += 1;
    tokens.push(
      await new SignJWT({ jti: String(signed) })
        .setProtectedHeader({ alg: 'EdDSA' })
        .setSubject(`client-${index % subjects}`)
        .setIssuedAt()
        .setExpirationTime('12h')
        .sign(key),
    );
  }
  return tokens;
}

/** Loopback addresses, of which the first that are asked for are taken. */
export function loopbackAddresses(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `127.1.${index >> 7}.${(index & 127) + 1}`);
}

/** Value of a metric without labels, or the sum over all its labels. NaN when there is none. */
export async function readMetric(admin: string, name: string, labels = ''): Promise<number> {
  const text = await (await fetch(`${admin}/metrics`)).text();
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith(name) && /[{ ]/.test(line[name.length] ?? ''))
    .filter((line) => line.includes(labels));
  if (lines.length === 0) return NaN;
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
