import { setTimeout as delay } from 'node:timers/promises';
import { cpuMs } from '../lib/cpu.ts';
import { startPlainSubject } from '../lib/plain-subjects.ts';
import { startRemote, type Remote } from '../lib/remote.ts';
import { defaultChannels } from '../lib/defaults.ts';
import type { CrowdCommands } from './crowd-program.ts';
import type { Server } from './raw-client.ts';
import { loopbackAddresses, startRig } from './rig.ts';

/** One subject in one round. */
export interface UpgradeRound {
  /** As the clients saw it. Of bare it is the clients' bound, not the server's. */
  readonly perSecond: number;
  /** CPU of the server's process, µs an upgrade; its threads for signatures included. */
  readonly cpuUs: number;
  readonly redisUs: number;
  readonly clientUs: number;
  readonly p99Ms: number;
  readonly opened: number;
  readonly refused: number;
  /** Connections that ended right after their 101. */
  readonly lost: number;
}
export type UpgradeSubject = 'bare' | 'new tokens' | 'tokens seen before';

export interface UpgradeOptions {
  readonly rounds: number;
  readonly upgrades: number;
  readonly progress: (line: string) => void;
}

const CHANNEL = '/api/v1/live/ws/candles/BTCUSDT/1';
const ADDRESSES = 250;
const CLIENTS_PER_SUBJECT = 4;
/** Handshakes under way at a time, of each of the load processes. */
const AT_ONCE = 100;
const LOADERS = 2;

/** Upgrades a second with everything that a default gateway has on, beside bare. */
export async function measureUpgrades(
  options: UpgradeOptions,
): Promise<Record<UpgradeSubject, UpgradeRound[]>> {
  const { rounds, upgrades, progress } = options;
  const rig = await startRig();
  const [channel] = defaultChannels();
  const channels = channel === undefined ? [] : [channel];
  const bare = await startPlainSubject('bare', { redisUrl: rig.redis.url, channels, core: null });
  const [group] = await bare.connections(1, channels);
  const barePath = group?.path ?? '/';
  const crowds = Array.from({ length: LOADERS }, () => startRemote<CrowdCommands>('crowd', null));
  const door: Server = { host: '127.0.0.1', port: bare.port };
  const results: Record<UpgradeSubject, UpgradeRound[]> = {
    bare: [],
    'new tokens': [],
    'tokens seen before': [],
  };
  try {
    // Round 0 warms up.
    for (let round = 0; round <= rounds; round += 1) {
      const tokens = await rig.sign(upgrades, upgrades / CLIENTS_PER_SUBJECT);
      const subjects: readonly [UpgradeSubject, Server, number, string][] = [
        ['bare', door, bare.pid, barePath],
        ['new tokens', rig.server, rig.gateway.pid, CHANNEL],
        ['tokens seen before', rig.server, rig.gateway.pid, CHANNEL],
      ];
      for (const [subject, server, pid, path] of subjects) {
        const redisPid = rig.redis.pid;
        const result = await measureRound({ server, pid, redisPid, crowds, tokens, path });
        progress(
          `upgrades ${round}/${rounds} ${subject}: ${Math.round(result.perSecond)}/s, ` +
            `${result.cpuUs.toFixed(1)} µs, ${result.lost} lost`,
        );
        if (round > 0) results[subject].push(result);
      }
    }
    return results;
  } finally {
    await Promise.all([...crowds.map((crowd) => crowd.stop()), bare.stop(), rig.stop()]);
  }
}

async function measureRound(parts: {
  readonly server: Server;
  readonly pid: number;
  readonly redisPid: number;
  readonly crowds: readonly Remote<CrowdCommands>[];
  readonly tokens: readonly string[];
  readonly path: string;
}): Promise<UpgradeRound> {
  const { server, pid, redisPid, crowds, tokens, path } = parts;
  const clientCpu = async (): Promise<number> =>
    (await Promise.all(crowds.map((crowd) => crowd.ask('cpu')))).reduce((a, b) => a + b, 0);
  const share = Math.ceil(tokens.length / crowds.length);
  const before = { server: cpuMs(pid), redis: cpuMs(redisPid), client: await clientCpu() };
  const reports = await Promise.all(
    crowds.map((crowd, index) =>
      crowd.ask('open', {
        server,
        count: share,
        addresses: loopbackAddresses(ADDRESSES),
        paths: [path],
        tokens: tokens.slice(index * share, (index + 1) * share),
        pace: { atOnce: AT_ONCE },
      }),
    ),
  );
  const ms = Math.max(...reports.map((report) => report.ms));
  // What the server still has to do for them (first snapshots) belongs to the upgrades.
  await delay(300);
  const after = { server: cpuMs(pid), redis: cpuMs(redisPid), client: await clientCpu() };
  const losses = await Promise.all(crowds.map((crowd) => crowd.ask('losses')));
  await Promise.all(crowds.map((crowd) => crowd.ask('drop')));
  await delay(500);
  const opened = reports.reduce((sum, report) => sum + report.opened, 0);
  return {
    perSecond: (opened * 1_000) / ms,
    cpuUs: ((after.server - before.server) * 1_000) / opened,
    redisUs: ((after.redis - before.redis) * 1_000) / opened,
    clientUs: ((after.client - before.client) * 1_000) / opened,
    p99Ms: Math.max(...reports.map(({ handshakes }) => handshakes.p99)),
    opened,
    refused: tokens.length - opened,
    lost: losses.reduce((sum, { unheard }) => sum + unheard, 0),
  };
}
