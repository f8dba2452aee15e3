import type { Logger } from 'pino';
import type { BusPublisher, ClaimResult, Fence } from '../bus/bus.ts';
import type { Channel, ChannelName } from '../candle/channel.ts';

export type Claim = Extract<ClaimResult, { status: 'claimed' }>;

export type ClaimsResult =
  | { readonly status: 'claimed'; readonly claims: ReadonlyMap<ChannelName, Claim> }
  | { readonly status: 'fenced'; readonly fence: Fence }
  /** The turn ended before all were claimed. */
  | { readonly status: 'over' };

export interface ClaimDeps {
  readonly bus: BusPublisher;
  readonly channels: readonly Channel[];
  readonly retryMs: number;
  readonly log: Logger;
}

/**
 * Claims every channel under a fence, again and again while the store cannot be reached. Only when all
 * are claimed may anything be published: then no predecessor can publish any more.
 */
export async function claimAll(
  { bus, channels, retryMs, log }: ClaimDeps,
  fence: Fence,
  turn: AbortSignal,
): Promise<ClaimsResult> {
  const claims = new Map<ChannelName, Claim>();
  const isOver = (): boolean => turn.aborted;
  while (!isOver()) {
    const missing = channels.filter(({ name }) => !claims.has(name));
    const answers = await Promise.allSettled(missing.map((channel) => bus.claim(channel, fence)));
    if (isOver()) break;
    for (const [index, answer] of answers.entries()) {
      const channel = missing[index];
      if (channel === undefined || answer.status === 'rejected') continue;
      if (answer.value.status === 'fenced') return { status: 'fenced', fence: answer.value.fence };
      claims.set(channel.name, answer.value);
    }
    if (claims.size === channels.length) return { status: 'claimed', claims };
    const failed = answers.find((answer) => answer.status === 'rejected');
    log.warn({ err: failed?.reason as unknown }, 'channels could not be claimed; trying again');
    await pause(retryMs, turn);
  }
  return { status: 'over' };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
