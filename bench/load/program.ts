import { serveCommands } from '../lib/serve-commands.ts';
import { LoadClient } from './load-client.ts';
import type { ConnectPlan } from './plan.ts';

const client = new LoadClient();

const commands = {
  connect: (plan: ConnectPlan) => client.connect(plan),
  take: () => client.take(),
  disconnect: () => client.disconnect(),
};
export type LoadCommands = typeof commands;

serveCommands(commands);
