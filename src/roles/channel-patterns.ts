import { parseChannelPattern } from '../candle/channel-pattern.ts';
import { CommandFailure, EXIT } from '../cli/console.ts';

/**
 * Channel patterns as they were given on the command line, also comma separated, in their canonical
 * spelling.
 *
 * @throws CommandFailure naming the one that is none
 */
export function channelPatterns(texts: readonly string[]): string[] {
  return texts
    .flatMap((text) => text.split(','))
    .map((text) => {
      const pattern = parseChannelPattern(text);
      if (pattern !== undefined) return pattern.text;
      throw new CommandFailure(
        `"${text}" is no channel pattern; write candles:SYMBOL:INTERVAL with \`*\` for any`,
        EXIT.usage,
      );
    });
}
