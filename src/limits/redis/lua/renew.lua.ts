import { PLACES } from './places.lua.ts';

/**
 * Gives places back.
 *
 *   KEYS     counts
 *   ARGV     from the third on, for each: how many are given back
 */
export const GIVE_BACK = `${PLACES}
for i, key in ipairs(KEYS) do
  local _, own = holders(key)
  -- What is not there any more has been given back by its lease.
  if own then hold(key, math.max(0, own - tonumber(ARGV[i + 2]))) end
end
return 0
`;

/**
 * Renews leases.
 *
 *   KEYS     counts
 *   ARGV     from the third on, for each: what the gateway holds; 1 if exactly that, 0 if admissions
 *            are under way and only what is missing is to be set
 *
 * Answers what all gateways hold of each.
 */
export const RENEW = `${PLACES}
local answers = {}
for i, key in ipairs(KEYS) do
  local count, exact = tonumber(ARGV[2 * i + 1]), ARGV[2 * i + 2] == '1'
  local others, own = holders(key)
  if own and not exact then count = own end
  hold(key, count)
  answers[i] = others + count
end
return answers
`;
