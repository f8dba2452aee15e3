import { Buffer } from 'node:buffer';

/** A hundred keys with their certificates are smaller. */
const MAX_BYTES = 512 * 1024;

/**
 * Gets the text of a JWK set (RFC 7517, section 5). The whole answer must be there within the time; it is
 * bounded in size, and redirects are not followed, for they might lead to another scheme or host.
 *
 * @throws Error in a few words that repeat nothing of the answer
 */
export async function fetchJwks(url: string, timeoutMs: number): Promise<string> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/jwk-set+json, application/json' },
      redirect: 'manual',
      signal,
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new JwksFetchError(`the answer has status ${response.status}`);
    }
    return await readBounded(response);
  } catch (error) {
    if (error instanceof JwksFetchError) throw error;
    if (signal.aborted) throw new JwksFetchError(`no whole answer within ${timeoutMs} ms`);
    const { cause } = error as { cause?: { code?: unknown } };
    const code = typeof cause?.code === 'string' ? ` (${cause.code})` : '';
    throw new JwksFetchError(`the address cannot be reached${code}`);
  }
}

class JwksFetchError extends Error {
  override readonly name = 'JwksFetchError';
}

async function readBounded({ body }: Response): Promise<string> {
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop cancels the rest of the answer.
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new JwksFetchError(`the answer has over ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
