const BEARER_PREFIX = 'base64url.bearer.authorization.candlegate.';

/** Unpadded base64url (RFC 4648, section 5) of a text in UTF-8. */
function base64url(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/**
 * The subprotocols of a handshake: the real one, and where there is a token, that (PROTOCOL.md,
 * "Authentication").
 */
export function subprotocols(protocol: string, token: string | null): string[] {
  return token === null ? [protocol] : [protocol, BEARER_PREFIX + base64url(token)];
}

/** The address of the WebSocket, with a ticket if there is one. */
export function socketUrl(base: URL, ticket: string | null): string {
  const url = new URL('api/v1/live/ws', base);
  url.protocol = base.protocol.replace('http', 'ws');
  if (ticket !== null) url.searchParams.set('ticket', ticket);
  return url.href;
}

/** @param path below `api/v1/`, with its query */
export function restUrl(base: URL, path: string): string {
  const url = new URL(`api/v1/${path}`, base);
  url.protocol = base.protocol.replace('ws', 'http');
  return url.href;
}
