import { CommandFailure } from '../cli/console.ts';
import type { SimulatorConfig } from '../config/load.ts';
import { createLog } from '../log/log.ts';
import { createWallClock } from '../time/clock.ts';
import { instanceName } from './instance-name.ts';
import { untilStopped } from './shutdown.ts';
import { assembleSimulator } from './simulator-parts.ts';
import { requireFreePorts } from './free-ports.ts';

const STOP_DEADLINE_MS = 5_000;

/**
 * The role `simulator`: a Bybit v5 server with invented or recorded prices.
 *
 * @throws CommandFailure when the recording cannot be read or the port cannot be had
 */
export async function run(config: SimulatorConfig): Promise<void> {
  await requireFreePorts({ 'simulator port': config.listen });
  const log = createLog({ ...config.log, role: 'simulator', instance: instanceName(null) });
  const simulator = assembleSimulator(config.market, config.symbols, createWallClock(), log);
  try {
    await simulator.listen(config.listen);
  } catch (error) {
    throw new CommandFailure((error as Error).message);
  }
  log.info({ ws: simulator.wsUrl, rest: simulator.restUrl }, 'simulator listens');
  await untilStopped(log, STOP_DEADLINE_MS);
  await simulator.close();
  log.info('stopped');
}
