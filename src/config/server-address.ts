/** Reads `host`, `host:port` or `[IPv6]:port`, and answers `host:port`; undefined when it is none. */
export function serverAddress(text: string, defaultPort: number): string | undefined {
  const [, bracketed, name, port] =
    /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const host = bracketed === undefined ? name : `[${bracketed}]`;
  const number = Number(port ?? defaultPort);
  if (host === undefined || number < 1 || number > 65_535) return undefined;
  return `${host}:${number}`;
}

/** Takes apart what `serverAddress` has answered. */
export function addressParts(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return {
    host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'),
    port: Number(address.slice(colon + 1)),
  };
}
