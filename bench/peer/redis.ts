import { Redis } from 'ioredis';
import { isBind } from '../../functions/core/stamp.ts';
import type { PeerRegistry } from './registry.ts';

/**
 * A token's hash has its clear under `*` and an edge for each account, an account's hash its tokens. The script drops what
 * a later clear of the token has ended. A sign-out everywhere is one key, which queries compare with each bind.
 */
const APPLY = `
local rows = cjson.decode(ARGV[1])
for _, row in ipairs(rows.tokens) do
  local app, token, at = unpack(row)
  local key = 't:' .. app .. ':' .. token
  local known = redis.call('HGET', key, '*')
  if not known or known < at then
    local all = redis.call('HGETALL', key)
    for i = 1, #all, 2 do
      if all[i] ~= '*' and all[i + 1] < at then
        redis.call('HDEL', key, all[i])
        redis.call('HDEL', 'a:' .. app .. ':' .. all[i], token)
      end
    end
    redis.call('HSET', key, '*', at)
  end
end
for _, row in ipairs(rows.edges) do
  local app, token, account, at, isBind = unpack(row)
  local key = 't:' .. app .. ':' .. token
  local known = redis.call('HMGET', key, account, '*')
  if (not known[1] or known[1] < at) and (not known[2] or known[2] < at) then
    redis.call('HSET', key, account, at)
    if isBind then redis.call('HSET', 'a:' .. app .. ':' .. account, token, at)
    else redis.call('HDEL', 'a:' .. app .. ':' .. account, token) end
  end
end
for _, row in ipairs(rows.accounts) do
  local key = 'c:' .. row[1] .. ':' .. row[2]
  local known = redis.call('GET', key)
  if not known or known < row[3] then redis.call('SET', key, row[3]) end
end`;

/** The registry in Redis, on this socket: one script a request. */
export async function redisRegistry(socket: string): Promise<PeerRegistry> {
  const redis = new Redis({ path: socket });
  const sha = String(await redis.script('LOAD', APPLY));
  const newestFirst = (found: [string, string][]) =>
    found.sort(([, a], [, b]) => (a < b ? 1 : -1)).map(([name]) => name);
  return {
    apply: ({ tokens, edges, accounts }) => {
      const marked = edges.map((edge) => [...edge, isBind(edge[3])]);
      return redis.evalsha(sha, 0, JSON.stringify({ tokens, edges: marked, accounts }));
    },
    accountsOf: async (app, token) => {
      const edges = Object.entries(await redis.hgetall(`t:${app}:${token}`)).filter(([, at]) => isBind(at));
      if (edges.length === 0) return [];
      const ends = await redis.mget(edges.map(([account]) => `c:${app}:${account}`));
      return newestFirst(edges.filter(([, at], i) => at > (ends[i] ?? '')));
    },
    tokensOf: async (app, account) => {
      const edges = Object.entries(await redis.hgetall(`a:${app}:${account}`));
      const end = await redis.get(`c:${app}:${account}`);
      return newestFirst(edges.filter(([, at]) => at > (end ?? '')));
    },
  };
}
