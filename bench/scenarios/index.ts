import { channelsScenario } from './channels.ts';
import type { Scenario } from '../lib/scenario.ts';
import { cpuScenario } from './cpu.ts';
import { encodingsScenario } from './encodings.ts';
import { growthChannelsScenario, growthConnectionsScenario } from './growth.ts';
import { memoryScenario } from './memory.ts';
import { saturationScenario } from './saturation.ts';
import { slowClientsScenario } from './slow-clients.ts';
import { stormScenario } from './storm.ts';
import { upgradesScenario } from './upgrades.ts';

/** In the order in which they are run and shown. */
export const SCENARIOS: readonly Scenario[] = [
  cpuScenario,
  saturationScenario,
  encodingsScenario,
  growthConnectionsScenario,
  growthChannelsScenario,
  upgradesScenario,
  memoryScenario,
  stormScenario,
  channelsScenario,
  slowClientsScenario,
];
