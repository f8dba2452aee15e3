import { Buffer } from 'node:buffer';
import type { Credential } from './credential.ts';

/** Begins the entry of `Sec-WebSocket-Protocol` that carries a token (PROTOCOL.md, Authentication). */
export const TOKEN_ENTRY_PREFIX = 'base64url.bearer.authorization.candlegate.';

/** Where a request may carry its credential. */
export interface CredentialPlaces {
  /** The `Authorization` header. */
  readonly authorization: string | undefined;
  /** The `X-API-Key` header. */
  readonly apiKey: string | undefined;
  /** The `Sec-WebSocket-Protocol` header. */
  readonly subprotocols: string | undefined;
  /** The decoded `ticket` parameter. */
  readonly queryTicket: string | undefined;
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
 * The credential that a request presents, from the first place that has one, or undefined. What cannot
 * be decoded comes back as it is, so that verification calls it malformed rather than missing.
 */
export function readCredential(places: CredentialPlaces): Credential | undefined {
  // Other schemes than Bearer are not ours: a proxy may well have added Basic credentials.
  const bearer = /^bearer(?:\s+(.*))?$/i.exec(places.authorization?.trim() ?? '');
  if (bearer !== null) return { kind: 'token', token: bearer[1] ?? '' };
  if (places.apiKey !== undefined) return { kind: 'apiKey', key: places.apiKey };

  const entry = listEntries(places.subprotocols).find((name) =>
    name.startsWith(TOKEN_ENTRY_PREFIX),
  );
  if (entry !== undefined) {
    const encoded = entry.slice(TOKEN_ENTRY_PREFIX.length);
    if (!/^[A-Za-z0-9_-]+$/.test(encoded)) return { kind: 'token', token: encoded };
    return { kind: 'token', token: Buffer.from(encoded, 'base64url').toString('latin1') };
  }

  if (places.queryTicket !== undefined) return { kind: 'ticket', ticket: places.queryTicket };
  if (places.queryToken !== undefined) return { kind: 'token', token: places.queryToken };
  return undefined;
}
