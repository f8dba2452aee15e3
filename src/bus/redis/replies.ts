import { z } from 'zod';
import type { ChannelHead, ClaimResult, PublishResult, SeedResult } from '../bus.ts';

/** What the scripts answer (`lua/*.lua.ts`), read into the results of the bus. All throw on anything else. */

const count = z.string().regex(/^\d+$/).transform(Number);
const instant = z.string().transform(Number);
const epoch = z.string().min(1);
const fencedReply = z
  .tuple([z.literal('fenced'), count, z.string()])
  .transform(([status, token, worker]) => ({ status, fence: { token, worker } }));

function head([epochName, offset, lastClosed]: [string, number, number | null]): ChannelHead {
  return { epoch: epochName, offset, lastClosed };
}

const claimReply = z.union([
  z
    .tuple([
      z.literal('claimed'),
      epoch,
      count,
      count.nullable(),
      count.nullable(),
      instant.nullable(),
    ])
    .transform(([status, name, offset, lastClosed, start, exchange]) => ({
      status,
      head: head([name, offset, lastClosed]),
      lastOpen: start === null || exchange === null ? null : { start, exchange },
    })),
  fencedReply,
]);

const seedReply = z.union([
  z
    .tuple([z.enum(['seeded', 'occupied']), epoch, count, count.nullable()])
    .transform(([status, ...rest]) => ({ status, head: head(rest) })),
  fencedReply,
]);

const publishReply = z.union([
  z
    .tuple([z.enum(['published', 'stale', 'gap']), epoch, count, count.nullable()])
    .transform(([status, ...rest]) => ({ status, head: head(rest) })),
  fencedReply,
]);

export function readClaimReply(reply: unknown): ClaimResult {
  return claimReply.parse(reply);
}

export function readSeedReply(reply: unknown): SeedResult {
  return seedReply.parse(reply);
}

export function readPublishReply(reply: unknown): PublishResult {
  return publishReply.parse(reply);
}
