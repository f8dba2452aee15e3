/** What the subjects of the bench's own are told at their start. */
export interface SubjectStart {
  readonly redisUrl: string;
  /** Names of the Redis channels that are passed on, each to those who asked for it in `?channels=`. */
  readonly channels: readonly string[];
  /** Bytes that may wait in one socket before messages to it are dropped, where the server can do so. */
  readonly maxBackpressureBytes: number;
}

export interface SubjectListening {
  /** On 127.0.0.1. */
  readonly port: number;
}

/** The channels that a client asks for in the address that it connects to. */
export function channelsOf(query: string): string[] {
  return (new URLSearchParams(query).get('channels') ?? '')
    .split(',')
    .filter((name) => name !== '');
}
