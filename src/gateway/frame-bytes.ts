import type { Frame } from './transport.ts';

/** Size of a frame's payload in bytes, before framing and compression. */
export function frameBytes(frame: Frame): number {
  return typeof frame === 'string' ? Buffer.byteLength(frame) : frame.byteLength;
}
