import type { Credential } from '../auth/credential.ts';
import { readCredential } from '../auth/credential-source.ts';
import type { HttpRequest } from './http.ts';
import { readQuery } from './query.ts';

/**
 * The credential that a request presents, or undefined; the same places count for REST and upgrades.
 *
 * @param queryToken whether `?token=` counts
 * @throws ProblemError `invalid_query` when a credential comes twice or is wrongly percent-encoded
 */
export function credentialOf(
  { headers, query }: Pick<HttpRequest, 'headers' | 'query'>,
  queryToken: boolean,
): Credential | undefined {
  const values = readQuery(query, queryToken ? ['ticket', 'token'] : ['ticket']);
  return readCredential({
    authorization: headers.authorization,
    apiKey: headers['x-api-key'],
    subprotocols: headers['sec-websocket-protocol'],
    queryTicket: values.ticket,
    queryToken: values.token,
  });
}
