/**
 * Beginning of the scripts that publish in a cluster: `publish_command(wanted)` is the command to
 * call. SPUBLISH came with Redis 7.0, as did `REDIS_VERSION_NUM`; an older node publishes to the
 * whole cluster. Subscribers decide in the same way (`pub-sub-mode.ts`).
 */
export const PUBLISH_COMMAND = `
local function publish_command(wanted)
  if wanted == 'SPUBLISH' and not redis.REDIS_VERSION_NUM then return 'PUBLISH' end
  return wanted
end
`;

/**
 * Publishes in the shard of the name.
 *
 *   KEYS[1]  the pub/sub channel: no key, but what leads the script to its node
 *   ARGV[1]  text
 *
 * Answers how many received it on this node.
 */
export const SHARD_PUBLISH = `${PUBLISH_COMMAND}
return redis.call(publish_command('SPUBLISH'), KEYS[1], ARGV[1])
`;
