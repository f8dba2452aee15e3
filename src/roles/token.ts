import { CommandFailure, EXIT, type Console } from '../cli/console.ts';
import type { TokenConfig } from '../config/load.ts';
import { envName } from '../config/setting.ts';
import { mintToken } from '../gateway/auth/mint.ts';
import { channelPatterns } from './channel-patterns.ts';

export interface TokenRequest {
  readonly subject: string;
  readonly ttlMs: number;
  /** Patterns, also comma separated. */
  readonly channels: readonly string[] | undefined;
}

/**
 * Signs a token and prints it, and nothing else.
 *
 * @throws CommandFailure for a pattern that is none, and for a time that no gateway would accept
 */
export async function printToken(
  config: TokenConfig,
  request: TokenRequest,
  console: Console,
): Promise<void> {
  if (request.ttlMs > config.maxLifetimeMs) {
    throw new CommandFailure(
      `--ttl is over ${envName('jwtMaxLifetimeMs')} (${config.maxLifetimeMs} ms): gateways would refuse the token`,
      EXIT.usage,
    );
  }
  const patterns = request.channels === undefined ? undefined : channelPatterns(request.channels);
  const token = await mintToken({
    secret: config.secret,
    subject: request.subject,
    ttlMs: request.ttlMs,
    now: Date.now(),
    ...(patterns === undefined ? {} : { channels: patterns }),
    ...(config.issuer === null ? {} : { issuer: config.issuer }),
    ...(config.audience === null ? {} : { audience: config.audience }),
    ...(config.type === null ? {} : { type: config.type }),
  });
  console.out(token);
}
