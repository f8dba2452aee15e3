import type { Fence } from './bus.ts';

/** Whether `fence` is lower than `other`: by token, then by the bytes of the worker's name. */
export function isBelow(fence: Fence, other: Fence): boolean {
  if (fence.token !== other.token) return fence.token < other.token;
  return Buffer.compare(Buffer.from(fence.worker), Buffer.from(other.worker)) < 0;
}
