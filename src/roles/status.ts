import { pino } from 'pino';
import { createBusInspector, type BusInspector } from '../bus/redis/inspector.ts';
import { CommandFailure, EXIT, type Console } from '../cli/console.ts';
import type { StatusConfig } from '../config/load.ts';
import { readPresences } from '../presence/heard.ts';
import { presenceKey } from '../presence/presence.ts';
import { askAdminPort } from '../status/admin-part.ts';
import { judgeChannel } from '../status/channel-parts.ts';
import { statusJson, statusTable } from '../status/format.ts';
import { judged, worstState, type Part } from '../status/part.ts';
import { judgeGateways, judgeIngest, judgeUpstream } from '../status/process-parts.ts';
import { judgeRedis } from '../status/redis-part.ts';
import { redisConnections } from './redis-parts.ts';

export interface StatusRequest {
  readonly json: boolean;
  /** Addresses of admin ports to ask besides. */
  readonly admin: readonly string[];
}

/**
 * Prints the state of every part.
 *
 * @throws CommandFailure with the exit code of what is wrong
 */
export async function printStatus(
  config: StatusConfig,
  { json, admin }: StatusRequest,
  console: Console,
): Promise<void> {
  // What goes wrong is a line of the result.
  const log = pino({ level: 'silent' });
  const inspector = createBusInspector({
    namespace: { source: config.source },
    connections: redisConnections(config.redis, log),
    log,
  });
  const [parts, adminParts] = await Promise.all([
    inspect(inspector, config),
    Promise.all(admin.map(askAdminPort)),
  ]);
  const all = [...parts, ...adminParts];
  if (json) console.out(statusJson(all));
  else for (const line of statusTable(all)) console.out(line);

  const state = worstState(all);
  if (state === 'failed') throw new CommandFailure('a part has failed');
  if (state === 'warning') throw new CommandFailure('there are warnings', EXIT.warning);
}

/** Closes the inspector. */
async function inspect(inspector: BusInspector, config: StatusConfig): Promise<readonly Part[]> {
  try {
    const [servers, now, leader, presences, tips] = await Promise.all([
      inspector.info(),
      inspector.time(),
      inspector.leader(),
      inspector.hash(presenceKey(config.source)),
      Promise.all(
        config.channels.map(async (channel) => ({ channel, tip: await inspector.tip(channel) })),
      ),
    ]);
    const heard = readPresences(presences, now);
    const newest = tips
      .flatMap(({ tip }) => tip?.newest?.times ?? [])
      .sort((a, b) => b.published - a.published)[0];
    return [
      ...servers.map(({ server, text }) => judgeRedis(server, text)),
      ...judgeIngest(heard, leader),
      judgeUpstream(heard, leader, newest === undefined ? null : newest.ingest - newest.exchange),
      ...judgeGateways(heard),
      ...tips.map(({ channel, tip }) =>
        judgeChannel(
          channel,
          tip === null
            ? null
            : {
                offset: tip.head.offset,
                lastClosed: tip.head.lastClosed,
                newest:
                  tip.newest === null
                    ? null
                    : {
                        start: tip.newest.candle.start,
                        published: tip.newest.times.published,
                      },
              },
          now,
        ),
      ),
    ];
  } catch (error) {
    // Who else is there is known to Redis alone.
    return [judged('redis', { failures: [(error as Error).message] }, [])];
  } finally {
    await inspector.close();
  }
}
