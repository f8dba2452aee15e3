import { WebSocket } from 'ws';

/**
 * Tries both ways to the exchange, its REST API and its WebSocket: a feed needs both.
 *
 * @returns null when both answer in time, else why not
 */
export async function reachExchange(
  urls: { readonly wsUrl: string; readonly restUrl: string },
  timeoutMs: number,
): Promise<string | null> {
  try {
    await Promise.all([
      answersRest(urls.restUrl, timeoutMs),
      answersWebSocket(urls.wsUrl, timeoutMs),
    ]);
    return null;
  } catch (error) {
    return describe(error);
  }
}

async function answersRest(restUrl: string, timeoutMs: number): Promise<void> {
  const response = await fetch(new URL('/v5/market/time', restUrl), {
    signal: AbortSignal.timeout(timeoutMs),
  });
  await response.body?.cancel();
  // Some countries are answered with 403 for ever.
  if (!response.ok) throw new Error(`its REST API answers with status ${response.status}`);
}

function answersWebSocket(wsUrl: string, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(wsUrl, { handshakeTimeout: timeoutMs });
    socket.on('error', reject);
    socket.once('open', () => {
      socket.terminate();
      resolve();
    });
  });
}

/** `fetch failed` says nothing; its cause does. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
