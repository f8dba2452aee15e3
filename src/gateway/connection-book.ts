/** What an operator is shown of an open connection. */
export interface ConnectionInfo {
  /** As in `welcome`. */
  readonly connection: string;
  readonly subject: string;
  /** The client's network, as limits count it: an IPv4 address, or the /64 of an IPv6 one. */
  readonly address: string | null;
  /** When it opened, ms since 1970. */
  readonly since: number;
  /** When its credential ends, ms since 1970. */
  readonly expiresAt: number;
  readonly protocol: string;
  /** Channels that it holds. */
  readonly subscriptions: number;
  /** Whether it is off the live stream because it does not read fast enough. */
  readonly lagging: boolean;
}

/** Which connections are meant; nothing named means all. */
export interface ConnectionFilter {
  readonly subject?: string | undefined;
  readonly connection?: string | undefined;
}

/** The open connections of a gateway, as operators see them. */
export interface ConnectionBook {
  /** In the order in which they opened. */
  find(filter: ConnectionFilter): readonly ConnectionInfo[];
  /** Closes with 4402. @returns how many were closed */
  disconnect(filter: ConnectionFilter): number;
}
