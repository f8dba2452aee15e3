import { canonicalAddress, type AddressList } from '../../net/ip-address.ts';

/** What is known of where a request comes from. */
export interface RequestPath {
  /** The other end of the connection. */
  readonly peer: string;
  /** What a header of the PROXY protocol (version 2) says; the native server reads it from anybody. */
  readonly proxied: string;
  /** `X-Forwarded-For`, all of them joined. */
  readonly forwardedFor: string | undefined;
  /** `Forwarded` (RFC 7239), all of them joined. */
  readonly forwarded: string | undefined;
}

export interface ClientAddressSettings {
  /** Only what they say of others is believed. */
  readonly trustedProxies: AddressList;
  /** Whether they speak the PROXY protocol. */
  readonly proxyProtocol: boolean;
}

/** Where nothing can be known: a socket without an address. */
export const UNKNOWN_ADDRESS = '0.0.0.0';

/** Proxies of one request that are followed; beyond that somebody is playing. */
const MAX_HOPS = 32;

/**
 * The client's address: the nearest hop that is no trusted proxy of ours. Each hop is vouched for by
 * the one after it, so the lists are read from the right, and what stands left of the first untrusted
 * hop may have been written by the client itself.
 *
 * @returns in its canonical spelling
 */
export function clientAddress(path: RequestPath, settings: ClientAddressSettings): string {
  const { trustedProxies, proxyProtocol } = settings;
  const peer = canonicalAddress(path.peer) ?? UNKNOWN_ADDRESS;
  if (trustedProxies.isEmpty || !trustedProxies.has(peer)) return peer;
  let address = peer;
  if (proxyProtocol) {
    const proxied = canonicalAddress(path.proxied);
    if (proxied !== null) address = proxied;
  }
  for (const hop of hopsFromTheRight(path)) {
    if (!trustedProxies.has(address)) return address;
    const next = canonicalAddress(hop);
    // `unknown`, `_hidden` or nonsense: the last proxy that is known has to answer for it.
    if (next === null) return address;
    address = next;
  }
  return address;
}

/**
 * A proxy that writes one of the two headers may pass on what a client has written into the other. So
 * where both are present they have to agree on the last hop, or neither is believed.
 */
function hopsFromTheRight({ forwardedFor, forwarded }: RequestPath): string[] {
  const older = forwardedFor === undefined ? null : hopsOf(forwardedFor.split(','));
  const newer = forwarded === undefined ? null : hopsOf(forwardedHops(forwarded));
  if (older === null || newer === null) return older ?? newer ?? [];
  const [last, sameLast] = [older[0] ?? '', newer[0] ?? ''].map(canonicalAddress);
  return last !== null && last === sameLast ? newer : [];
}

function hopsOf(hops: readonly string[]): string[] {
  return hops.slice(-MAX_HOPS).reverse().map(bareHost);
}

/** The `for` of each element (RFC 7239, section 4); one without it is a hop that is not told. */
function forwardedHops(header: string): string[] {
  return splitOutsideQuotes(header, ',').map((element) => {
    for (const pair of splitOutsideQuotes(element, ';')) {
      const [name = '', value = ''] = pair.split(/=(.*)/s);
      if (name.trim().toLowerCase() === 'for') return unquoted(value.trim());
    }
    return 'unknown';
  });
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let quoted = false;
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (quoted && char === '\\') at += 1;
    else if (char === '"') quoted = !quoted;
    else if (char === separator && !quoted) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}

function unquoted(value: string): string {
  if (!/^".*"$/s.test(value)) return value;
  return value.slice(1, -1).replace(/\\(.)/gs, '$1');
}

/** Without port and brackets: `[2001:db8::1]:443`, `192.0.2.1:8080`. */
function bareHost(hop: string): string {
  const text = hop.trim();
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1];
  if (bracketed !== undefined) return bracketed;
  return /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ?? text;
}
