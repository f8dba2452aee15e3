import { STATUS_CODES } from 'node:http';
import { Buffer } from 'node:buffer';
import type { HttpRequest as UwsRequest, HttpResponse } from 'uWebSockets.js';
import { clientNetwork } from '../../net/ip-address.ts';
import { READ_HEADERS, type HttpAnswer, type HttpRequest, type ReadHeader } from '../rest/http.ts';
import { refuse } from '../rest/problem.ts';
import { clientAddress, type ClientAddressSettings } from './client-address.ts';

const READ = new Set<string>(READ_HEADERS);

function isRead(name: string): name is ReadHeader {
  return READ.has(name);
}

/**
 * Most bytes of address and headers together: room for the largest token, in base64url once more.
 * `loadUws` tells it to the native server, which only looks at requests that come in several pieces.
 */
export const MAX_HEAD_BYTES = 16_384;

/**
 * Copies what is needed: the native request is gone once its handler returns.
 *
 * @throws ProblemError `headers_too_large`
 */
export function readRequest(
  request: UwsRequest,
  response: HttpResponse,
  addresses: ClientAddressSettings,
): HttpRequest {
  const headers: Partial<Record<ReadHeader, string>> = {};
  let headBytes = request.getUrl().length;
  request.forEach((name, value) => {
    headBytes += name.length + value.length;
    if (!isRead(name)) return;
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before},${value}`;
  });
  // Without a question mark the native server gives undefined, whatever its types say.
  const getQuery = (): string | undefined => request.getQuery();
  const query = getQuery() ?? '';
  if (headBytes + query.length > MAX_HEAD_BYTES) {
    refuse('headers_too_large', `Address and headers may have ${MAX_HEAD_BYTES} bytes together.`);
  }
  return {
    method: request.getCaseSensitiveMethod(),
    path: request.getUrl(),
    query,
    headers,
    address: clientNetwork(
      clientAddress(
        {
          peer: textOf(response.getRemoteAddressAsText()),
          proxied: addresses.proxyProtocol ? textOf(response.getProxiedRemoteAddressAsText()) : '',
          forwardedFor: headers['x-forwarded-for'],
          forwarded: headers.forwarded,
        },
        addresses,
      ),
    ),
  };
}

function textOf(bytes: ArrayBuffer): string {
  return Buffer.from(bytes).toString('latin1');
}

/**
 * Writes a whole answer; the caller has corked the response or is in its handler.
 *
 * @param method of the request: the answer to HEAD has the headers of GET and no body
 * @param closeConnection whether the connection ends with this answer
 */
export function writeAnswer(
  response: HttpResponse,
  answer: HttpAnswer,
  method: string,
  closeConnection: boolean,
): void {
  const { status, headers, body } = answer;
  response.writeStatus(`${status} ${STATUS_CODES[status] ?? 'Unknown'}`);
  for (const [name, value] of Object.entries(headers)) response.writeHeader(name, value);
  if (body !== null && method !== 'HEAD') {
    response.end(body, closeConnection);
    return;
  }
  // `endWithoutBody(length)` never ends the response in the binaries for Node 20, and the process
  // aborts; a header written by hand says the same.
  if (body !== null) response.writeHeader('Content-Length', String(Buffer.byteLength(body)));
  if (closeConnection) response.writeHeader('Connection', 'close');
  response.endWithoutBody();
}
