import type { ChannelState } from '../../../src/bus/publish-rule.ts';

/**
 * What must hold of a channel in the store after every write, whatever was written: told apart from the
 * rule that should see to it.
 *
 * @returns what is broken
 */
export function brokenInvariants(before: ChannelState | null, after: ChannelState): string[] {
  const broken: string[] = [];
  if (before !== null) {
    const { fence } = before;
    const isLower =
      after.fence.token < fence.token ||
      (after.fence.token === fence.token && after.fence.worker < fence.worker);
    if (isLower) broken.push(`the fence fell to ${after.fence.token}`);
    if (after.epoch === before.epoch && after.offset < before.offset) {
      broken.push(`the offset fell to ${after.offset}`);
    }
    if (after.epoch === before.epoch && after.replicationId !== before.replicationId) {
      broken.push('the epoch outlived the memory of the server');
    }
  }
  // Only what is new: the rest was looked at when it came.
  const known = before?.closed.at(-1);
  const from = known === undefined ? 0 : after.closed.lastIndexOf(known);
  for (let index = Math.max(0, from); index < after.closed.length; index += 1) {
    const message = after.closed[index];
    const earlier = after.closed[index - 1];
    if (message === undefined || earlier === undefined) continue;
    if (message.candle.start <= earlier.candle.start) {
      broken.push(`the close of ${message.candle.start} is out of order`);
    }
    if (typeof message.previous === 'number' && message.previous !== earlier.candle.start) {
      broken.push(`the close of ${message.candle.start} names another one before it`);
    }
  }
  return broken;
}
