/**
 * Revocations. Both take
 *
 *   KEYS[1]  hash: target -> 'since until'
 *   KEYS[2]  sorted set: target -> place in the order of telling, µs by the server's clock
 *   KEYS[3]  sorted set: target -> until, ms
 *
 * A place is not given out twice, not even by a promoted replica that lacks the last ones: so a place
 * that is found again means that nothing told before it was lost.
 */

/**
 * Adds entries, or widens those that are there.
 *
 *   ARGV[1]  how many may be held
 *   ARGV[2…] target, since, until; and so on
 *
 * Answers 1, or 0 when one found no room; those before it were added. The keys end with the last entry.
 */
export const ADD_REVOCATIONS = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local place = tonumber(time[1]) * 1000000 + tonumber(time[2])
local newest = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')
if newest[2] and tonumber(newest[2]) >= place then place = tonumber(newest[2]) + 1 end

-- At most so many in one call; the next one takes more.
local ended = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, 1000)
if #ended > 0 then
  redis.call('HDEL', KEYS[1], unpack(ended))
  redis.call('ZREM', KEYS[2], unpack(ended))
  redis.call('ZREM', KEYS[3], unpack(ended))
end

local room = tonumber(ARGV[1]) - redis.call('ZCOUNT', KEYS[3], string.format('(%.0f', now), '+inf')
local all = 1
for i = 2, #ARGV, 3 do
  local target, since, ends = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if tonumber(ends) > now then
    local known = redis.call('HGET', KEYS[1], target)
    local isNew = true
    if known then
      local knownSince, knownEnds = string.match(known, '^(%d+) (%d+)$')
      if tonumber(knownSince) >= tonumber(since) then since = knownSince end
      if tonumber(knownEnds) >= tonumber(ends) then ends = knownEnds end
      isNew = since ~= knownSince or ends ~= knownEnds
    elseif room > 0 then
      room = room - 1
    else
      all = 0
      break
    end
    if isNew then
      redis.call('HSET', KEYS[1], target, since .. ' ' .. ends)
      redis.call('ZADD', KEYS[2], string.format('%.0f', place), target)
      redis.call('ZADD', KEYS[3], ends, target)
      place = place + 1
    end
  end
end

local last = redis.call('ZRANGE', KEYS[3], -1, -1, 'WITHSCORES')
if last[2] then
  local ttl = string.format('%.0f', math.max(1, tonumber(last[2]) - now))
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ttl) end
end
return all
`;

/**
 * Reads a page.
 *
 *   ARGV[1]  place of the last entry that the reader was told of, or ''
 *   ARGV[2]  how many entries at most
 *
 * Answers {1 when the page begins at the start, place of its last entry or ARGV[1] (then the reader
 * has everything) or '' (then there is nothing), target, 'since until', …}.
 */
export const READ_REVOCATIONS = `
local from, isFromStart = '-inf', 1
if ARGV[1] ~= '' and redis.call('ZCOUNT', KEYS[2], ARGV[1], ARGV[1]) > 0 then
  from, isFromStart = '(' .. ARGV[1], 0
end
local rows = redis.call('ZRANGEBYSCORE', KEYS[2], from, '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
if #rows == 0 then return {isFromStart, isFromStart == 1 and '' or ARGV[1]} end
local targets = {}
for i = 1, #rows, 2 do targets[#targets + 1] = rows[i] end
local values = redis.call('HMGET', KEYS[1], unpack(targets))
local answer = {isFromStart, string.format('%.0f', tonumber(rows[#rows]))}
for i, target in ipairs(targets) do
  answer[#answer + 1] = target
  answer[#answer + 1] = values[i] or ''
end
return answer
`;
