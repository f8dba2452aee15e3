import {
  createMemoryLimitStore,
  MemoryCounts,
} from '../../../src/limits/memory/memory-limit-store.ts';
import { MemoryWindows } from '../../../src/limits/memory/memory-windows.ts';
import { createWallClock } from '../../../src/time/clock.ts';
import { describeLimitStore, LEASE_MS } from '../limit-store-suite.ts';

describeLimitStore('limits in this process', () => {
  const counts = new MemoryCounts(createWallClock());
  const windows = new MemoryWindows();
  return Promise.resolve({
    open: (gateway: string) =>
      createMemoryLimitStore({ counts, windows, gateway, leaseMs: LEASE_MS }),
    forget() {
      counts.forget();
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  });
});
