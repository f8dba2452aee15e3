import { Buffer } from 'node:buffer';
import type { Frame } from '../transport.ts';

/** Whether a frame is compressed, for clients that negotiated permessage-deflate (RFC 7692). */
export interface Deflation {
  readonly enabled: boolean;
  worth(frame: Frame): boolean;
}

/**
 * Deflating costs time for every client that gets the frame, so only large text frames are worth it;
 * binary frames are compact by design.
 *
 * @param minBytes smallest frame that is compressed; null compresses nothing and negotiates nothing
 */
export function createDeflation(minBytes: number | null): Deflation {
  if (minBytes === null) return { enabled: false, worth: () => false };
  return {
    enabled: true,
    worth: (frame) => typeof frame === 'string' && Buffer.byteLength(frame) >= minBytes,
  };
}
