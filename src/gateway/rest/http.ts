/** Requests and answers without a server, so that routes can be tested as plain functions. */

/** The headers that anything here looks at. */
export const READ_HEADERS = [
  'accept-encoding',
  'access-control-request-method',
  'authorization',
  'connection',
  'content-length',
  'forwarded',
  'host',
  'if-none-match',
  'origin',
  'sec-websocket-extensions',
  'sec-websocket-key',
  'sec-websocket-protocol',
  'sec-websocket-version',
  'transfer-encoding',
  'upgrade',
  'x-api-key',
  'x-forwarded-for',
] as const;
export type ReadHeader = (typeof READ_HEADERS)[number];

export interface HttpRequest {
  /** As it was sent: methods are case-sensitive (RFC 9110, section 9.1). */
  readonly method: string;
  /** Still percent-encoded, without the query. */
  readonly path: string;
  /** Still percent-encoded, without the question mark. */
  readonly query: string;
  /** A header that came several times is joined with commas. */
  readonly headers: Readonly<Partial<Record<ReadHeader, string>>>;
  /** The client's network, as limits count it: an IPv4 address, or the /64 of an IPv6 one. */
  readonly address: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Null where the status has no body at all (204, 304). */
  readonly body: string | Uint8Array | null;
}

/** @template Body its shape in `candle/rest.ts`, which the API documents are made from */
export function jsonAnswer<Body = never>(value: NoInfer<Body>): HttpAnswer {
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
    body: JSON.stringify(value),
  };
}
