import type { Channel } from '../../src/candle/channel.ts';
import type { ConnectionGroup } from '../load/plan.ts';

/** What is measured: a server in a process of its own that passes on what is on Redis. */
export interface Subject {
  /** As in tables: `bare uWebSockets.js`, `candlegate, JSON`, … */
  readonly name: string;
  readonly pid: number;
  /** On 127.0.0.1. */
  readonly port: number;
  readonly isEngineIo: boolean;
  /** Everything that it passes on. */
  readonly channels: readonly Channel[];
  /**
   * Connections that are subscribed to these channels and no others.
   *
   * @param subscribed some of `channels`
   */
  connections(count: number, subscribed: readonly Channel[]): Promise<readonly ConnectionGroup[]>;
  stop(): Promise<void>;
}

/** What a subject is started with. */
export interface SubjectOptions {
  readonly redisUrl: string;
  readonly channels: readonly Channel[];
  readonly core: number | null;
  /** Further options of Node for the process, such as `--cpu-prof`. */
  readonly execArgv?: readonly string[];
}
