import { PROLOGUE } from './prologue.lua.ts';
import { PUBLISH_COMMAND } from './shard-publish.lua.ts';

/**
 * Takes one candle (`publish` of `publish-rule.ts`): order → offset → history → PUBLISH.
 *
 *   KEYS[1..2], ARGV[1..3]  see the prologue
 *   ARGV[4]   '1' when the candle is closed
 *   ARGV[5]   its start
 *   ARGV[6]   the exchange's time
 *   ARGV[7]   start of the closed candle before it, or null
 *   ARGV[8]   head of the message, up to the name of the epoch
 *   ARGV[9]   tail of the message, from what follows the position
 *   ARGV[10]  how many closed candles history keeps
 *   ARGV[11]  the command that publishes: PUBLISH, or SPUBLISH where the server has it
 *   ARGV[12]  the pub/sub channel
 *
 * Answers {'published', 'stale' or 'gap', epoch, offset, lastClosed or false} or
 * {'fenced', token, worker}.
 */
export const PUBLISH = `${PROLOGUE}${PUBLISH_COMMAND}
local closes = ARGV[4] == '1'
local start = tonumber(ARGV[5])
if lastClosed and start <= lastClosed then return answer('stale') end
if closes then
  if ARGV[7] ~= 'null' and tonumber(ARGV[7]) ~= lastClosed then return answer('gap') end
elseif openStart then
  local mark = tonumber(openStart)
  if start < mark or (start == mark and tonumber(ARGV[6]) <= tonumber(openExchange)) then
    return answer('stale')
  end
end

take_offset()
local text = ARGV[8] .. epoch .. '","offset":' .. offset
if closes then
  text = text .. ',"previous":' .. ARGV[7] .. ARGV[9]
  redis.call('ZADD', KEYS[2], ARGV[5], text)
  after_close(start, tonumber(ARGV[10]))
else
  text = text .. ARGV[9]
  redis.call('HSET', KEYS[1], 'open', text, 'openStart', ARGV[5], 'openExchange', ARGV[6])
end
redis.call(publish_command(ARGV[11]), ARGV[12], text)
return answer('published')
`;
