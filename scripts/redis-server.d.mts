export interface RedisServer {
  /** Path of the program. */
  readonly command: string;
  /** What its environment needs besides the usual. */
  readonly env: Readonly<Record<string, string>>;
  readonly version: string;
}

/**
 * Finds, or obtains, a server that tests can start.
 *
 * @throws with one sentence that says what to install
 */
export function findRedisServer(places?: {
  /** Folders as in the variable PATH. */
  readonly path?: string;
  readonly cache?: string;
}): Promise<RedisServer>;
