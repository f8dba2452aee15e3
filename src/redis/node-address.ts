/** Where a server listens. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** Reads `host:port`, where the host may be an IPv6 address without brackets. */
export function nodeAddress(text: string): NodeAddress {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
}

/** `host:port` for people. */
export function nodeText({ host, port }: NodeAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
