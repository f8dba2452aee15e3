/** What a connection is for; its name at the server, in logs and in metrics. */
export type ConnectionKind =
  'publisher' | 'lease' | 'reader' | 'subscriber' | 'access' | 'limits' | 'presence' | 'status';

/** Connections that run commands; the other kind only listens. */
export type CommandConnectionKind = Exclude<ConnectionKind, 'subscriber'>;
