import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Fence, Lease } from '../../src/bus/bus.ts';
import { createMemoryBus } from '../../src/bus/memory/memory-bus.ts';
import { Leadership } from '../../src/ingest/leadership.ts';
import { silentLog } from './rig.ts';

const SETTINGS = { leaseTtlMs: 2_000, leaseRenewMs: 500 };

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

function createStore() {
  return createMemoryBus({ source: 'simulator', clock: { now: () => Date.now() } });
}

function worker(name: string, lease: Lease) {
  const events: string[] = [];
  const fences: Fence[] = [];
  const leadership = new Leadership({
    lease,
    worker: name,
    settings: SETTINGS,
    clock: { now: () => performance.now() },
    log: silentLog,
    onGained: (fence) => {
      events.push('gained');
      fences.push(fence);
    },
    onLost: () => events.push('lost'),
  });
  return { leadership, events, fences };
}

describe('leadership', () => {
  it('belongs to one worker, and to the next within 3 s of its death', async () => {
    const store = createStore();
    // Its store cannot be reached any more: as good as dead.
    const dying = store.lease();
    const first = worker('w1', dying);
    const second = worker('w2', store.lease());
    first.leadership.start();
    await vi.advanceTimersByTimeAsync(10);
    second.leadership.start();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(first.events).toEqual(['gained']);
    expect(second.events).toEqual([]);
    vi.spyOn(dying, 'renew').mockRejectedValue(new Error('unreachable'));
    vi.spyOn(dying, 'acquire').mockRejectedValue(new Error('unreachable'));
    await vi.advanceTimersByTimeAsync(3_000);
    expect(first.events).toEqual(['gained', 'lost']);
    expect(first.leadership.fence).toBeNull();
    expect(second.events).toEqual(['gained']);
    expect(second.fences[0]?.token).toBeGreaterThan(first.fences[0]?.token ?? Infinity);
    await Promise.all([first.leadership.stop(), second.leadership.stop()]);
  });

  it('is never held by two workers at once, whoever loses touch with the store', async () => {
    const store = createStore();
    const leases = [store.lease(), store.lease()];
    const workers = leases.map((lease, index) => worker(`w${index}`, lease));
    for (const { leadership } of workers) leadership.start();
    for (let round = 0; round < 200; round += 1) {
      const cut = leases[Math.floor(round / 7) % 2];
      vi.restoreAllMocks();
      if (cut !== undefined && round % 7 < 5) {
        vi.spyOn(cut, 'renew').mockRejectedValue(new Error('unreachable'));
        vi.spyOn(cut, 'acquire').mockRejectedValue(new Error('unreachable'));
      }
      for (let step = 0; step < 10; step += 1) {
        await vi.advanceTimersByTimeAsync(53);
        const holders = workers.filter(({ leadership }) => leadership.fence !== null);
        expect(holders.length).toBeLessThanOrEqual(1);
      }
    }
    for (const { events } of workers) expect(events.length).toBeGreaterThan(4);
    await Promise.all(workers.map(({ leadership }) => leadership.stop()));
  });

  it('ends by itself when the lease could not be renewed for its whole length', async () => {
    const lease = createStore().lease();
    const { leadership, events } = worker('w1', lease);
    leadership.start();
    await vi.advanceTimersByTimeAsync(10);
    vi.spyOn(lease, 'renew').mockReturnValue(new Promise(() => undefined));
    await vi.advanceTimersByTimeAsync(1_900);
    expect(leadership.fence).not.toBeNull();
    await vi.advanceTimersByTimeAsync(100);
    expect(events).toEqual(['gained', 'lost']);
  });

  it('is known to be over before any timer fires, when the process was paused', async () => {
    const { leadership } = worker('w1', createStore().lease());
    leadership.start();
    await vi.advanceTimersByTimeAsync(10);
    expect(leadership.fence).not.toBeNull();
    const reading = performance.now();
    vi.spyOn(performance, 'now').mockReturnValue(reading + 2_001);
    expect(leadership.fence).toBeNull();
    vi.restoreAllMocks();
    await leadership.stop();
  });

  it('is taken again at once, with a greater fence, when the store has forgotten it', async () => {
    const store = createStore();
    const { leadership, events, fences } = worker('w1', store.lease());
    leadership.start();
    await vi.advanceTimersByTimeAsync(10);
    store.store.flush();
    await vi.advanceTimersByTimeAsync(500);
    expect(events).toEqual(['gained', 'lost', 'gained']);
    expect(fences[1]?.token).toBeGreaterThan(fences[0]?.token ?? Infinity);
    await leadership.stop();
  });

  it('goes to the standby at its next try when the leader stops', async () => {
    const store = createStore();
    const first = worker('w1', store.lease());
    const second = worker('w2', store.lease());
    first.leadership.start();
    await vi.advanceTimersByTimeAsync(10);
    second.leadership.start();
    await vi.advanceTimersByTimeAsync(1_000);
    await first.leadership.stop();
    await vi.advanceTimersByTimeAsync(500);
    expect(first.events).toEqual(['gained', 'lost']);
    expect(second.events).toEqual(['gained']);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(first.events).toEqual(['gained', 'lost']);
    await second.leadership.stop();
  });

  it('is not begun with a lease that took too long to get, which is given back', async () => {
    const store = createStore();
    const lease = store.lease();
    const acquire = lease.acquire.bind(lease);
    vi.spyOn(lease, 'acquire').mockImplementation(async (name, ttlMs) => {
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      return acquire(name, ttlMs);
    });
    const { leadership, events } = worker('w1', lease);
    leadership.start();
    await vi.advanceTimersByTimeAsync(2_600);
    expect(events).toEqual([]);
    expect(store.store.lease).toBeNull();
  });
});
