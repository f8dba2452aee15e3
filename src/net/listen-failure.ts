const REASONS: Readonly<Partial<Record<string, string>>> = {
  EADDRINUSE: 'the port is in use by another process',
  EACCES: 'this user may not use the port',
  EADDRNOTAVAIL: 'this machine does not have the address',
  ENOTFOUND: 'this machine does not have the address',
};

/** Why an address cannot be listened on, for people. */
export function listenFailure({ code = '', message }: NodeJS.ErrnoException): string {
  return REASONS[code] ?? message;
}
