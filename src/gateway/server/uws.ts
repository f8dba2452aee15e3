import { createRequire } from 'node:module';
import type * as uWebSockets from 'uWebSockets.js';
import { MAX_HEAD_BYTES } from './http.ts';

export type Uws = typeof uWebSockets;

/** What the type declarations leave out. */
interface Undocumented {
  /** `silent`: no `uWebSockets` header in answers. */
  _cfg(key: string): void;
}

/**
 * Loads the native server, on demand, so that a machine it does not run on gets a sentence and not a
 * stack trace at import.
 *
 * @throws Error saying why the binary cannot be loaded
 */
export function loadUws(): Uws {
  // Read when the binary is loaded. By default it is 4 KiB, less than the largest token.
  process.env['UWS_HTTP_MAX_HEADERS_SIZE'] = String(MAX_HEAD_BYTES);
  const require = createRequire(import.meta.url);
  let uws: Uws & Undocumented;
  try {
    uws = require('uWebSockets.js') as Uws & Undocumented;
  } catch (error) {
    throw new Error(explainLoadFailure(error), { cause: error });
  }
  uws._cfg('silent');
  return uws;
}

/** One sentence for whoever starts the gateway on a machine that the binary does not fit. */
export function explainLoadFailure(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const here = `Node ${process.versions.node} on ${process.platform} ${process.arch}`;
  const missing = /version `(GLIBC_[\d.]+)' not found/.exec(text)?.[1];
  if (missing !== undefined) {
    return (
      `The WebSocket server's binary for ${here} needs ${missing.replace('_', ' ')}, which this ` +
      'system lacks: use Node 20, or Debian 13, Ubuntu 24.04 or newer.'
    );
  }
  return `The WebSocket server (uWebSockets.js) has no binary that loads with ${here}.`;
}
