import type { Scenario } from '../lib/scenario.ts';
import { cpuScenario } from './cpu.ts';
import { encodingsScenario } from './encodings.ts';
import { growthChannelsScenario, growthConnectionsScenario } from './growth.ts';
import { saturationScenario } from './saturation.ts';

/** In the order in which they are run and shown. */
export const SCENARIOS: readonly Scenario[] = [
  cpuScenario,
  saturationScenario,
  encodingsScenario,
  growthConnectionsScenario,
  growthChannelsScenario,
];
