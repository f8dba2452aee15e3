import { CommandFailure } from '../cli/console.ts';
import type { Logger } from 'pino';
import type { SimulatorConfig } from '../config/load.ts';
import { createSimulator, type Simulator } from '../simulator/simulator.ts';
import type { Clock } from '../time/clock.ts';

/**
 * A simulator from its slice of the configuration.
 *
 * @param symbols undefined: its own defaults, or all that were recorded
 * @throws CommandFailure when the recording cannot be read
 */
export function assembleSimulator(
  market: SimulatorConfig['market'],
  symbols: readonly string[],
  clock: Clock,
  log: Logger,
): Simulator {
  const { seed, speed, replay } = market;
  try {
    return createSimulator({
      clock,
      seed,
      speed,
      symbols,
      ...(replay === null ? {} : { replay: { folder: replay } }),
      log,
    });
  } catch (error) {
    throw new CommandFailure((error as Error).message);
  }
}
