/**
 * How open connections are counted. Each count is a hash with one field for each gateway:
 *
 *   {gateway}  'count:expires', where `expires` is the server's time in ms
 *
 * The hash expires with its youngest field. All scripts begin with
 *
 *   ARGV[1]  gateway
 *   ARGV[2]  lease, ms
 */
export const PLACES = `
local gateway, lease = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- What others hold, and what this gateway holds or nil. Leases that have run out are removed.
local function holders(key)
  local fields = redis.call('HGETALL', key)
  local others, own = 0, nil
  for i = 1, #fields, 2 do
    local count, expires = string.match(fields[i + 1], '^(%d+):(%d+)$')
    if count and tonumber(expires) > now then
      if fields[i] == gateway then own = tonumber(count) else others = others + tonumber(count) end
    else
      redis.call('HDEL', key, fields[i])
    end
  end
  return others, own
end

local function hold(key, count)
  if count > 0 then
    redis.call('HSET', key, gateway, string.format('%d:%.0f', count, now + lease))
    redis.call('PEXPIRE', key, lease)
  else
    redis.call('HDEL', key, gateway)
  end
end
`;
