import type { Source } from '../client/index.ts';
import type { ServedChannel } from './market-book.ts';

/** What the REST check of a token found. */
export type CheckOutcome =
  | {
      readonly status: 'accepted';
      readonly source: Source;
      readonly channels: readonly ServedChannel[];
    }
  /** `why` is a sentence for the user. */
  | { readonly status: 'refused'; readonly why: string }
  /** No useful answer now; `retryAfterMs` where the gateway asked for it. */
  | { readonly status: 'unavailable'; readonly why: string; readonly retryAfterMs?: number };

/**
 * Asks the gateway over REST whether it accepts a token. A browser hides the answer to a refused
 * WebSocket handshake from the page, so this is the only way to learn the reason.
 *
 * Rejects only when `signal` aborts.
 */
export async function checkToken(
  url: URL,
  token: string,
  signal: AbortSignal,
): Promise<CheckOutcome> {
  let response: Response;
  try {
    response = await fetch(url, {
      headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
      cache: 'no-store',
      credentials: 'omit',
      signal,
    });
  } catch (error) {
    if (signal.aborted) throw error;
    // A token with characters that no header can carry never leaves the browser.
    if (!/^[\x21-\x7e]+$/.test(token)) {
      return { status: 'refused', why: 'The token holds characters that no token has.' };
    }
    return { status: 'unavailable', why: 'The gateway could not be reached' };
  }
  const body: unknown = await response.json().catch((error: unknown) => {
    if (signal.aborted) throw error;
    return null;
  });
  if (response.ok) {
    const listing = readListing(body);
    if (listing !== null) return { status: 'accepted', ...listing };
    return { status: 'unavailable', why: 'The gateway gave an answer that this page cannot read' };
  }
  const why = readProblem(body) ?? `The gateway answered with status ${response.status}.`;
  const isTemporary = response.status >= 500 || response.status === 429;
  if (!isTemporary) return { status: 'refused', why };
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(retryAfter)
    ? { status: 'unavailable', why, retryAfterMs: retryAfter * 1000 }
    : { status: 'unavailable', why };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function readListing(body: unknown): { source: Source; channels: ServedChannel[] } | null {
  if (!isRecord(body) || !Array.isArray(body['channels'])) return null;
  const channels = body['channels'].filter(
    (entry): entry is ServedChannel & Record<string, unknown> =>
      isRecord(entry) &&
      typeof entry['channel'] === 'string' &&
      typeof entry['symbol'] === 'string' &&
      typeof entry['interval'] === 'string',
  );
  return { source: body['source'] === 'simulator' ? 'simulator' : 'bybit', channels };
}

/** The sentence of a problem document (RFC 9457): `detail`, else `title`. */
function readProblem(body: unknown): string | null {
  if (!isRecord(body)) return null;
  const { detail, title } = body;
  if (typeof detail === 'string' && detail !== '') return detail;
  return typeof title === 'string' && title !== '' ? title : null;
}
