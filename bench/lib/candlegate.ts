import type { Channel } from '../../src/candle/channel.ts';
import { mintToken } from '../../src/gateway/auth/mint.ts';
import { CLI } from '../../test/support/built-cli.ts';
import { listening, startRole, TEST_SECRET } from '../../test/support/role-process.ts';
import type { ConnectionGroup } from '../load/plan.ts';
import { pinProcess } from './cores.ts';
import { IMAGE_NODE_OPTIONS } from './defaults.ts';
import type { Subject, SubjectOptions } from './subject.ts';

/** Of the subprotocols and extensions that a gateway offers, what its clients ask for. */
const ENCODINGS = {
  JSON: { headers: {}, env: {} },
  protobuf: { headers: { 'Sec-WebSocket-Protocol': 'candlegate.v1.protobuf' }, env: {} },
  deflate: {
    headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' },
    // Every update, for once: by default they are below the size from which deflating pays.
    env: { CANDLEGATE_DEFLATE: 'on', CANDLEGATE_DEFLATE_MIN_BYTES: '0' },
  },
} as const;
export type Encoding = keyof typeof ENCODINGS;

const NAMES: Readonly<Record<Encoding, string>> = {
  JSON: 'candlegate, JSON',
  protobuf: 'candlegate, protobuf',
  deflate: 'candlegate, JSON deflated',
};

/** Below the default limit on the connections of one subject. */
const PER_SUBJECT = 500;
const TOKEN_TTL_MS = 6 * 3_600_000;

export interface CandlegateOptions extends SubjectOptions {
  readonly encoding: Encoding;
  /** Of an OTLP collector. */
  readonly collectorUrl: string;
  /** Settings beside the defaults, for scenarios that are about them. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts the built gateway as it is deployed by default, with traces sent to a collector at 1 %: nothing
 * is switched off, and tokens, limits (over Redis), metrics, the hop ledger and presence are on.
 */
export async function startCandlegate(options: CandlegateOptions): Promise<Subject> {
  const { redisUrl, channels, core, encoding, collectorUrl, env = {}, execArgv = [] } = options;
  const { headers, env: encodingEnv } = ENCODINGS[encoding];
  // The gateway, or Node's options before it.
  const [program, ...args] = [...execArgv, CLI, 'gateway'] as const;
  const settings = {
    CANDLEGATE_REDIS_URL: redisUrl,
    CANDLEGATE_SYMBOLS: [...new Set(channels.map(({ symbol }) => symbol))].join(','),
    CANDLEGATE_INTERVALS: [...new Set(channels.map(({ interval }) => interval))].join(','),
    NODE_OPTIONS: IMAGE_NODE_OPTIONS,
    OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl,
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.01',
    ...encodingEnv,
    ...env,
  };
  const role = startRole(args, settings, program);
  // The programs of the bench's own end with it; a gateway would stay.
  const kill = () => role.signal('SIGKILL');
  process.once('exit', kill);
  void role.ended.then(() => process.off('exit', kill));
  const { http } = await listening(role);
  pinProcess(role.pid, core);
  return {
    name: NAMES[encoding],
    pid: role.pid,
    port: Number(new URL(http).port),
    isEngineIo: false,
    channels,
    connections: (count, subscribed) => groupsOf(count, subscribed, headers),
    async stop() {
      await role.stop();
    },
  };
}

/** Tokens are signed once, for several subjects, so that the limit on the connections of one stays on. */
async function groupsOf(
  count: number,
  subscribed: readonly Channel[],
  headers: Readonly<Record<string, string>>,
): Promise<ConnectionGroup[]> {
  const groups: ConnectionGroup[] = [];
  const [only] = subscribed;
  const isOne = subscribed.length === 1 && only !== undefined;
  const names = subscribed.map(({ name }) => name);
  for (let left = count; left > 0; left -= PER_SUBJECT) {
    const token = await mintToken({
      secret: TEST_SECRET,
      subject: `bench-${subjectNumber()}`,
      ttlMs: TOKEN_TTL_MS,
      now: Date.now(),
    });
    groups.push({
      count: Math.min(left, PER_SUBJECT),
      path: isOne ? `/api/v1/live/ws/candles/${only.symbol}/${only.interval}` : '/api/v1/live/ws',
      headers: { Authorization: `Bearer ${token}`, ...headers },
      hello: isOne ? [] : [JSON.stringify({ type: 'subscribe', channels: names })],
    });
  }
  return groups;
}

let subjects = 0;
function subjectNumber(): number {
  subjects += 1;
  return subjects;
}
