import type { Channel } from '../../src/candle/channel.ts';
import { serveCommands } from '../lib/serve-commands.ts';
import type { PublishPlan } from './plan.ts';
import { Publisher } from './publisher.ts';

let opened: Publisher | null = null;

function publisher(): Publisher {
  if (opened === null) throw new Error('open comes first');
  return opened;
}

const commands = {
  async open(redisUrl: string): Promise<void> {
    opened = await Publisher.open(redisUrl);
  },
  prepare: ({
    channels,
    history,
  }: {
    readonly channels: readonly Channel[];
    readonly history: number;
  }) => publisher().prepare(channels, history),
  start: (plan: PublishPlan) => publisher().start(plan),
  stop: () => publisher().stop(),
  take: () => publisher().take(),
};
export type PublisherCommands = typeof commands;

serveCommands(commands);
