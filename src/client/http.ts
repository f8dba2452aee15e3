import type { Refusal } from './core/effects.ts';
import type { FetchLike } from './options.ts';

/** An answer that was not what was asked for, or none. */
export class HttpRefusal extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/**
 * Makes a request and reads its JSON.
 *
 * @throws HttpRefusal also when there was no answer
 */
export async function request(
  fetch: FetchLike,
  method: string,
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  let status = 0;
  let retryAfterMs: number | null = null;
  let body: unknown;
  try {
    const response = await fetch(url, { method, headers, signal });
    status = response.status;
    const seconds = response.headers.get('retry-after');
    if (seconds !== null && Number(seconds) >= 0) retryAfterMs = Number(seconds) * 1000;
    body = await response.json();
    if (response.ok && isRecord(body)) return body;
  } catch {
    // No answer, or one that is not JSON: a proxy's, say. The status is all there is to it.
  }
  const { code, detail, title } = isRecord(body) ? body : {};
  const message = [detail, title].find((text) => typeof text === 'string' && text !== '');
  throw new HttpRefusal({
    status: status < 400 ? 0 : status,
    retryAfterMs,
    code: typeof code === 'string' ? code : 'unavailable',
    message: typeof message === 'string' ? message : noAnswer(status),
  });
}

function noAnswer(status: number): string {
  return status === 0 ? 'The gateway could not be reached.' : `The gateway answered ${status}.`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
