import { findPrometheus } from '../../scripts/prometheus.mjs';
import { findRedisServer } from '../../scripts/redis-server.mjs';
import { buildCli } from '../support/built-cli.ts';

/** Once, before all tests: what they need is there, or one sentence says what to install. */
export default async function setup(): Promise<void> {
  await Promise.all([buildCli(), findPrometheus(), findRedisServer()]);
}
