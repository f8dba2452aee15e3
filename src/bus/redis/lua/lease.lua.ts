/**
 * The lease. All three take
 *
 *   KEYS[1]  string 'token:worker', expires with the lease
 *   KEYS[2]  string, the last token that was given out
 *
 * and reckon with the server's clock only.
 */

/**
 * Takes the lease if it is free or already this worker's.
 *
 *   ARGV[1]  worker
 *   ARGV[2]  time to live, ms
 *
 * Answers the token, as text, or false.
 */
export const ACQUIRE_LEASE = `
local holder = redis.call('GET', KEYS[1])
if holder and string.match(holder, '^%d+:(.*)$') ~= ARGV[1] then return false end
local time = redis.call('TIME')
local token = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local last = redis.call('GET', KEYS[2])
if last and tonumber(last) >= token then token = tonumber(last) + 1 end
token = string.format('%.0f', token)
redis.call('SET', KEYS[2], token)
redis.call('SET', KEYS[1], token .. ':' .. ARGV[1], 'PX', ARGV[2])
return token
`;

/**
 * Prolongs the lease if it is still held under this fence.
 *
 *   ARGV[1]  'token:worker'
 *   ARGV[2]  time to live, ms
 *
 * Answers 1 or 0.
 */
export const RENEW_LEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`;

/**
 * Gives the lease back if it is still held under this fence. The token stays.
 *
 *   ARGV[1]  'token:worker'
 *
 * Answers 1 or 0.
 */
export const RELEASE_LEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`;
