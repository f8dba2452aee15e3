import { PROLOGUE } from './prologue.lua.ts';

/**
 * Fills an empty history.
 *
 *   KEYS[1..2], ARGV[1..3]  see the prologue
 *   ARGV[4]      how many closed candles history keeps
 *   ARGV[5]      head of every message, up to the name of the epoch
 *   ARGV[6…]     for each candle, in order of start: start, previous (a number or null), and the tail
 *                of its message, from what follows the position
 *
 * Answers {'seeded' or 'occupied', epoch, offset, lastClosed or false} or {'fenced', token, worker}.
 */
export const SEED = `${PROLOGUE}
if lastClosed then return answer('occupied') end
if not ARGV[6] then return answer('seeded') end
take_offset()
for i = 6, #ARGV, 3 do
  redis.call('ZADD', KEYS[2], ARGV[i], ARGV[5] .. epoch .. '","offset":' .. offset
    .. ',"previous":' .. ARGV[i + 1] .. ARGV[i + 2])
end
after_close(tonumber(ARGV[#ARGV - 2]), tonumber(ARGV[4]))
return answer('seeded')
`;
