/** Connections that are opened alike. */
export interface ConnectionGroup {
  readonly count: number;
  /** With query, if any. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Text messages that each connection sends when it is open. */
  readonly hello: readonly string[];
}

/** What a load client is asked to open. */
export interface ConnectPlan {
  /** On 127.0.0.1. */
  readonly port: number;
  readonly groups: readonly ConnectionGroup[];
  /** Socket.IO's own pings (Engine.IO protocol, revision 4) are answered. */
  readonly isEngineIo: boolean;
  /** Handshakes that may be under way at a time. */
  readonly atOnce: number;
}

/** What a load client has counted since it was last asked. */
export interface LoadCount {
  /** Over which this was counted, ms. */
  readonly windowMs: number;
  /** Text and binary messages. */
  readonly messages: number;
  /** Of everything, frame headers included. */
  readonly bytes: number;
  readonly open: number;
  /** Connections that have ended since they were opened, whatever the reason. */
  readonly lost: number;
  /** From `times.published` in the message until it was read, ms, sorted; of the sampled connections. */
  readonly latencies: readonly number[];
}

export interface ConnectResult {
  readonly open: number;
  /** First lines of refusals, and how often each came. */
  readonly refused: Readonly<Record<string, number>>;
  readonly tookMs: number;
}
