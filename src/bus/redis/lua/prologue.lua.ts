/**
 * The beginning of every script that writes to a channel: fence, then epoch (delivery rules of
 * `publish-rule.ts`, function `enter`).
 *
 *   KEYS[1]  hash, the channel's state
 *   KEYS[2]  sorted set by `start`, texts of the closed candles' messages
 *   ARGV[1]  token of the caller's fence
 *   ARGV[2]  worker of the caller's fence
 *   ARGV[3]  name of the epoch that begins if one must
 *
 * Fields of the hash: fenceToken, fenceWorker, replicationId, epoch, offset, and of the newest update
 * of the open candle: open (its message), openStart, openExchange.
 *
 * Behind it: `epoch`, `offset` (text), `lastClosed` (number or nil), `openStart` and `openExchange`
 * (text or false), and `answer(status, …)`: {status, epoch, offset, lastClosed or false, …}. A fenced
 * call has returned {'fenced', token, worker}.
 *
 * Numbers of the caller stay text where they are stored or printed: Lua would print a time in ms as
 * 1.745e+12. `lastClosed` comes from the sorted set itself, so that a lost key is noticed.
 */
export const PROLOGUE = `
-- Whether text a lies before text b, by bytes: the operator < goes by the server's locale.
local function before(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

local state = redis.call('HMGET', KEYS[1], 'fenceToken', 'fenceWorker', 'replicationId', 'epoch',
  'offset', 'openStart', 'openExchange')
local fenceToken, fenceWorker = state[1], state[2]
if fenceToken then
  local mine, highest = tonumber(ARGV[1]), tonumber(fenceToken)
  if mine < highest or (mine == highest and before(ARGV[2], fenceWorker)) then
    return {'fenced', fenceToken, fenceWorker}
  end
end

local info = redis.call('INFO', 'replication')
-- A demoted master must not answer even 'stale'; this error makes the client look for the new one.
if string.find(info, 'role:slave', 1, true) then
  return redis.error_reply('READONLY this server is a replica')
end
local replicationId = string.match(info, 'master_replid:(%w+)')
if not replicationId then
  return redis.error_reply('ERR INFO replication has no master_replid')
end

if ARGV[1] ~= fenceToken or ARGV[2] ~= fenceWorker then
  redis.call('HSET', KEYS[1], 'fenceToken', ARGV[1], 'fenceWorker', ARGV[2])
end
local epoch, offset, openStart, openExchange = state[4], state[5], state[6], state[7]
if state[3] ~= replicationId then
  epoch, offset = ARGV[3], '0'
  redis.call('HSET', KEYS[1], 'replicationId', replicationId, 'epoch', epoch, 'offset', offset)
end

local newest = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')
local lastClosed = newest[2] and tonumber(newest[2])

local function answer(status, ...)
  return {status, epoch, offset, lastClosed and string.format('%.0f', lastClosed) or false, ...}
end

local function take_offset()
  offset = string.format('%.0f', redis.call('HINCRBY', KEYS[1], 'offset', 1))
end

-- To be called when closed candles up to start have entered history, of which depth are kept.
local function after_close(start, depth)
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -1 - depth)
  lastClosed = start
  if openStart and tonumber(openStart) <= start then
    redis.call('HDEL', KEYS[1], 'open', 'openStart', 'openExchange')
    openStart, openExchange = false, false
  end
end
`;
