import type { FaultKind } from './fault.ts';
import { linkFaults } from './link-faults.ts';
import {
  COMBINED_FAULTS,
  ESSENTIAL_PROCESS_FAULTS,
  OTHER_PROCESS_FAULTS,
} from './process-faults.ts';
import { FAILOVERS, REDIS_FLUSHED, SINGLE_REDIS_FAULTS } from './redis-faults.ts';
import type { StoreMode } from './store.ts';
import { UPSTREAM_FAULTS } from './upstream-faults.ts';

/** Every kind of fault that a run may have. */
export interface FaultKinds {
  /** What every run has. */
  readonly essential: readonly FaultKind[];
  readonly others: readonly FaultKind[];
}

export function faultKinds(mode: StoreMode): FaultKinds {
  const isSingle = mode === 'single';
  return {
    essential: [
      ...ESSENTIAL_PROCESS_FAULTS,
      ...(isSingle ? SINGLE_REDIS_FAULTS : FAILOVERS),
      REDIS_FLUSHED,
    ],
    others: [
      ...linkFaults('simulatorToIngest'),
      // Sentinels name the server itself, past any link.
      ...(isSingle ? [...linkFaults('ingestToRedis'), ...linkFaults('redisToGateway')] : []),
      ...linkFaults('gatewayToClients'),
      ...UPSTREAM_FAULTS,
      ...COMBINED_FAULTS,
      ...OTHER_PROCESS_FAULTS,
    ],
  };
}
