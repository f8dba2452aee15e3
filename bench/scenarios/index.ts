import type { Scenario } from '../lib/scenario.ts';
import { cpuScenario } from './cpu.ts';

/** In the order in which they are run and shown. */
export const SCENARIOS: readonly Scenario[] = [cpuScenario];
