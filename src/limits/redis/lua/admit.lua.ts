import { PLACES } from './places.lua.ts';

/**
 * Decides over admissions, one after the other: all those that came to a gateway in one turn of its
 * event loop. The window's key has the layout of rate-limiter-flexible: a counter that expires.
 *
 *   KEYS     of each admission: guard, window, places; those that it has
 *   ARGV     from the third on, of each admission:
 *            guard limit, or -1
 *            window limit, or -1; window, s
 *            number of places; for each: limit, what the gateway holds by its own reckoning
 *
 * Answers two numbers for each admission: 0 for admitted, -1 refused by the guard, -2 by the window,
 * n by the n-th place; and the ms until the guard or window expires, else 0.
 */
export const ADMIT = `${PLACES}
local answers = {}
local key, arg = 1, 3
local function nextKey() key = key + 1; return KEYS[key - 1] end
local function nextNumber() arg = arg + 1; return tonumber(ARGV[arg - 1]) end

while arg <= #ARGV do
  local refused, expires = 0, 0

  local guardLimit = nextNumber()
  if guardLimit >= 0 then
    local guard = nextKey()
    if tonumber(redis.call('GET', guard) or 0) > guardLimit then
      refused, expires = -1, redis.call('PTTL', guard)
    end
  end

  local windowLimit, seconds = nextNumber(), nextNumber()
  if windowLimit >= 0 then
    local window = nextKey()
    local count = redis.call('INCR', window)
    if count == 1 then redis.call('EXPIRE', window, seconds) end
    if refused == 0 and count > windowLimit then
      refused, expires = -2, redis.call('PTTL', window)
    end
  end

  local wanted = {}
  for place = 1, nextNumber() do
    local name, limit, held = nextKey(), nextNumber(), nextNumber()
    if refused == 0 then
      local others, own = holders(name)
      own = own or held
      if others + own >= limit then refused = place end
      wanted[place] = { name, own + 1 }
    end
  end
  if refused == 0 then
    for _, place in ipairs(wanted) do hold(place[1], place[2]) end
  end

  answers[#answers + 1] = refused
  answers[#answers + 1] = expires
end
return answers
`;
