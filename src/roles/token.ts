import { parseChannel } from '../candle/channel.ts';
import { CommandFailure, EXIT, type Console } from '../cli/console.ts';
import type { TokenConfig } from '../config/load.ts';
import { mintToken } from '../gateway/auth/mint.ts';

export interface TokenRequest {
  readonly subject: string;
  readonly ttlMs: number;
  /** Patterns, also comma separated. */
  readonly channels: readonly string[] | undefined;
}

/** A channel in which symbol and interval may be `*`, in its canonical spelling. */
function canonicalPattern(text: string): string {
  const [kind = '', symbol = '', interval = '', ...rest] = text.split(':');
  const sample = [
    kind,
    symbol === '*' ? 'ANY' : symbol,
    interval === '*' ? '1' : interval,
    ...rest,
  ];
  const channel = parseChannel(sample.join(':'));
  if (typeof channel === 'string') {
    throw new CommandFailure(
      `"${text}" is no channel pattern; write candles:SYMBOL:INTERVAL with \`*\` for any`,
      EXIT.usage,
    );
  }
  return [
    'candles',
    symbol === '*' ? '*' : channel.symbol,
    interval === '*' ? '*' : channel.interval,
  ].join(':');
}

/**
 * Signs a token and prints it, and nothing else.
 *
 * @throws CommandFailure for a pattern that is none
 */
export async function printToken(
  config: TokenConfig,
  request: TokenRequest,
  console: Console,
): Promise<void> {
  const patterns = request.channels?.flatMap((text) => text.split(',')).map(canonicalPattern);
  const token = await mintToken({
    secret: config.secret,
    subject: request.subject,
    ttlMs: request.ttlMs,
    now: Date.now(),
    ...(patterns === undefined ? {} : { channels: patterns }),
    ...(config.issuer === null ? {} : { issuer: config.issuer }),
    ...(config.audience === null ? {} : { audience: config.audience }),
  });
  console.out(token);
}
