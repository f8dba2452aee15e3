/** Which pages may connect, by their `Origin` header (RFC 6454). */
export interface OriginPolicy {
  /**
   * True for a missing origin (no browser, and no cookies are at stake), for the gateway's own page
   * (same host as the `Host` header), and for origins on the allow-list.
   */
  allows(origin: string | undefined, host: string | undefined): boolean;
}

/** A serialised http(s) origin in canonical spelling, or undefined. */
function canonicalOrigin(text: string): string | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const bare = url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '';
  return bare ? url.origin : undefined;
}

/** Whether the origin's host is the one that the request was sent to; default ports do not matter. */
function isSameHost(origin: string, host: string): boolean {
  // The scheme is not compared: behind a proxy that ends TLS, the gateway does not know its own.
  const { protocol, host: originHost } = new URL(origin);
  const addressed = `${protocol}//${host}`;
  return URL.canParse(addressed) && new URL(addressed).host === originHost;
}

/**
 * @param allowed exact origins such as `https://charts.example`; `*` allows every page
 * @throws Error naming the entry that is no origin
 */
export function createOriginPolicy(allowed: readonly string[]): OriginPolicy {
  const any = allowed.includes('*');
  const list = new Set<string>();
  for (const entry of allowed) {
    if (entry === '*') continue;
    const canonical = canonicalOrigin(entry);
    if (canonical === undefined) throw new Error(`"${entry}" is no origin (scheme://host[:port])`);
    list.add(canonical);
  }
  return {
    allows(origin, host) {
      if (origin === undefined || any) return true;
      const canonical = canonicalOrigin(origin);
      if (canonical === undefined) return false;
      return list.has(canonical) || (host !== undefined && isSameHost(canonical, host));
    },
  };
}
