import { Buffer } from 'node:buffer';

/** Begins the entry of `Sec-WebSocket-Protocol` that carries a token (PROTOCOL.md, Authentication). */
export const TOKEN_ENTRY_PREFIX = 'base64url.bearer.authorization.candlegate.';

/** Where a request may carry its token. */
export interface TokenPlaces {
  /** The `Authorization` header. */
  readonly authorization: string | undefined;
  /** The `Sec-WebSocket-Protocol` header. */
  readonly subprotocols: string | undefined;
  /** The decoded `token` parameter; undefined as well where the operator has not switched it on. */
  readonly queryToken: string | undefined;
}

/** Entries of a comma list, trimmed, without empty ones (RFC 9110, section 5.6.1). */
export function listEntries(header: string | undefined): string[] {
  if (header === undefined) return [];
  return header
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** The subprotocols that a client really asks for: the list without its token entries. */
export function requestedSubprotocols(header: string | undefined): string[] {
  return listEntries(header).filter((entry) => !entry.startsWith(TOKEN_ENTRY_PREFIX));
}

/**
 * The token that a request presents, from the first place that has one, or undefined. What cannot be
 * decoded comes back as it is, so that verification calls it malformed rather than missing.
 */
export function readToken(places: TokenPlaces): string | undefined {
  // Other schemes than Bearer are not ours: a proxy may well have added Basic credentials.
  const bearer = /^bearer(?:\s+(.*))?$/i.exec(places.authorization?.trim() ?? '');
  if (bearer !== null) return bearer[1] ?? '';

  const entry = listEntries(places.subprotocols).find((name) =>
    name.startsWith(TOKEN_ENTRY_PREFIX),
  );
  if (entry !== undefined) {
    const encoded = entry.slice(TOKEN_ENTRY_PREFIX.length);
    if (!/^[A-Za-z0-9_-]+$/.test(encoded)) return encoded;
    return Buffer.from(encoded, 'base64url').toString('latin1');
  }

  return places.queryToken;
}
