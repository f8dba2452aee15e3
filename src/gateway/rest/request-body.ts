import type { HttpRequest } from './http.ts';
import { refuse } from './problem.ts';

/** No resource takes a body. A small one, as many clients send with every POST, is overlooked. */
const MAX_BODY_BYTES = 1_024;

/** Whether a body follows the headers (RFC 9112, section 6). */
export function hasBody({ headers }: Pick<HttpRequest, 'headers'>): boolean {
  return (
    headers['transfer-encoding'] !== undefined || !/^0*$/.test(headers['content-length'] ?? '')
  );
}

/** @throws ProblemError `body_too_large`, also for a body that does not say how long it is */
export function refuseLongBody({ headers }: Pick<HttpRequest, 'headers'>): void {
  const length = Number(headers['content-length'] ?? 0);
  if (headers['transfer-encoding'] === undefined && length <= MAX_BODY_BYTES) return;
  refuse('body_too_large', `No body is needed here; one of ${MAX_BODY_BYTES} bytes is overlooked.`);
}
