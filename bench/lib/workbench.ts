import { findRedisServer } from '../../scripts/redis-server.mjs';
import { startRedis } from '../../test/support/redis.ts';
import type { LoadCommands } from '../load/program.ts';
import type { PublisherCommands } from '../publisher/program.ts';
import { startCandlegate } from './candlegate.ts';
import { startCollector } from './collector.ts';
import { pinProcess, type Cores } from './cores.ts';
import { startPlainSubject } from './plain-subjects.ts';
import { startRemote } from './remote.ts';
import type { Bench, Scenario, ScenarioResult } from './scenario.ts';

export interface WorkbenchOptions {
  readonly rounds: number;
  readonly isQuick: boolean;
  readonly cores: Cores;
  /** Of Node, for the subjects. */
  readonly execArgv: readonly string[];
  readonly progress: (line: string) => void;
}

/** Runs one scenario with a Redis, a publisher and a collector of its own, and stops all it has started. */
export async function runScenario(
  scenario: Scenario,
  { rounds, isQuick, cores, execArgv, progress }: WorkbenchOptions,
): Promise<ScenarioResult> {
  const started: { stop(): Promise<void> }[] = [];
  const keep = <Started extends { stop(): Promise<void> }>(each: Started): Started => {
    started.push(each);
    return each;
  };
  try {
    pinProcess(process.pid, cores.rest);
    const redis = keep(await startRedis());
    pinProcess(redis.pid, cores.rest);
    const collector = await startCollector();
    keep({
      stop() {
        collector.close();
        return Promise.resolve();
      },
    });
    const publisher = keep(startRemote<PublisherCommands>('publisher', cores.rest));
    await publisher.ask('open', redis.url);
    const options = { redisUrl: redis.url, core: cores.subject, execArgv };
    const bench: Bench = {
      rounds,
      isQuick,
      redisUrl: redis.url,
      publisher,
      progress,
      startPlain: async (kind, channels) =>
        keep(await startPlainSubject(kind, { ...options, channels })),
      startCandlegate: async (encoding, channels, env = {}) =>
        keep(
          await startCandlegate({
            ...options,
            channels,
            encoding,
            collectorUrl: collector.url,
            env,
          }),
        ),
      startLoad: () => Promise.resolve(keep(startRemote<LoadCommands>('load', cores.rest))),
    };
    return await scenario.run(bench);
  } finally {
    // The last one started is the first to go: clients before servers, Redis at the end.
    for (const each of started.reverse()) await each.stop();
  }
}

/** Of the Redis that scenarios run on. */
export async function redisVersion(): Promise<string> {
  return (await findRedisServer()).version;
}
