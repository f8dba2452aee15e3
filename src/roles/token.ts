import { parseChannelPattern } from '../candle/channel-pattern.ts';
import { CommandFailure, EXIT, type Console } from '../cli/console.ts';
import type { TokenConfig } from '../config/load.ts';
import { envName } from '../config/setting.ts';
import { mintToken } from '../gateway/auth/mint.ts';

export interface TokenRequest {
  readonly subject: string;
  readonly ttlMs: number;
  /** Patterns, also comma separated. */
  readonly channels: readonly string[] | undefined;
}

/** A pattern in its canonical spelling. */
function canonicalPattern(text: string): string {
  const pattern = parseChannelPattern(text);
  if (pattern !== undefined) return pattern.text;
  throw new CommandFailure(
    `"${text}" is no channel pattern; write candles:SYMBOL:INTERVAL with \`*\` for any`,
    EXIT.usage,
  );
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
  const patterns = request.channels?.flatMap((text) => text.split(',')).map(canonicalPattern);
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
