import { type RedisConnection, storeKey } from './redis-connection';
import { type Taking, type Window, Windows } from './store.types';

/**
 * A window is two keys: a hash of the amounts by step, with their `sum`, and a list of the steps, oldest first. Steps
 * are counted by the server's clock, and never backwards: after a failover that clock may be behind. The answer is now,
 * the window that refused (0 for none), how long it does (-1 for ever), then of each window its sum and until when.
 */
const TAKE = `
  local MOST = 512
  local function endOf(w, step) return (step + 1) * w.step - 1 + w.span end
  local function read(w, from, count)
    local steps = redis.call('LRANGE', w.steps, from, from + count - 1)
    return steps, #steps > 0 and redis.call('HMGET', w.amounts, unpack(steps)) or {}
  end

  local function forget(w, now)
    local oldest, count = redis.call('LINDEX', w.steps, 0), 2
    while oldest and endOf(w, oldest) <= now do
      local steps, amounts = read(w, 0, count)
      local gone, sum = 0, 0
      while steps[gone + 1] and endOf(w, steps[gone + 1]) <= now do
        gone = gone + 1
        sum = sum + (amounts[gone] or 0)
      end
      redis.call('HINCRBY', w.amounts, 'sum', 0 - sum)
      redis.call('HDEL', w.amounts, unpack(steps, 1, gone))
      redis.call('LTRIM', w.steps, gone, -1)
      oldest, count = redis.call('LINDEX', w.steps, 0), math.min(2 * count, MOST)
    end
    w.used = tonumber(redis.call('HGET', w.amounts, 'sum') or 0)
  end

  local function waitFor(w, now)
    if w.amount == 0 or w.used + w.amount <= w.limit then return 0 end
    local left, from, count = w.used, 0, 2
    repeat
      local steps, amounts = read(w, from, count)
      for i, step in ipairs(steps) do
        left = left - (amounts[i] or 0)
        if left + w.amount <= w.limit then return endOf(w, step) - now end
      end
      from, count = from + #steps, math.min(2 * count, MOST)
    until #steps == 0
    return -1
  end

  local function add(w, now)
    local step = string.format('%.0f', math.floor(now / w.step))
    redis.call('HINCRBY', w.amounts, step, w.amount)
    redis.call('HINCRBY', w.amounts, 'sum', w.amount)
    if tonumber(step) ~= w.newest then redis.call('RPUSH', w.steps, step) end
    w.newest, w.used = tonumber(step), w.used + w.amount
    for _, key in ipairs({ w.amounts, w.steps }) do redis.call('PEXPIRE', key, endOf(w, w.newest) - now) end
  end

  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local windows = {}
  for i = 1, #KEYS / 2 do
    local limit, span, step, amount = unpack(ARGV, 4 * i - 3, 4 * i)
    local w = { amounts = KEYS[2 * i - 1], steps = KEYS[2 * i], limit = tonumber(limit), span = tonumber(span),
      step = tonumber(step), amount = tonumber(amount) }
    w.newest = tonumber(redis.call('LINDEX', w.steps, -1) or 0)
    now = math.max(now, w.newest * w.step)
    windows[i] = w
  end

  local refused, longest = 0, 0
  for i, w in ipairs(windows) do
    forget(w, now)
    local wait = waitFor(w, now)
    if longest ~= -1 and (wait == -1 or wait > longest) then refused, longest = i, wait end
  end

  local answer = { now, refused, longest }
  for i, w in ipairs(windows) do
    if refused == 0 and w.amount > 0 then add(w, now) end
    answer[2 * i + 2] = w.used
    answer[2 * i + 3] = w.used > 0 and endOf(w, w.newest) - now or 0
  end
  return answer`;

const GIVE_BACK = `
  local there = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or 0)
  local back = math.min(there, tonumber(ARGV[2]))
  if back <= 0 then return end
  redis.call('HINCRBY', KEYS[1], 'sum', -back)
  if back < there then
    redis.call('HINCRBY', KEYS[1], ARGV[1], -back)
  else
    redis.call('HDEL', KEYS[1], ARGV[1])
  end`;

export class RedisWindows extends Windows {
  constructor(private readonly redis: RedisConnection) {
    super();
  }

  async take(scope: string, wanted: readonly (Window & { amount: number })[]): Promise<Taking> {
    const keys = wanted.flatMap((window) => keysOf(scope, window));
    const numbers = wanted.flatMap(({ limit, windowMs, stepMs, amount }) => [limit, windowMs, stepMs, amount]);
    const answer = await this.redis.ask((client) => client.eval(TAKE, keys.length, ...keys, ...numbers));
    const [at = 0, refused = 0, wait = 0, ...states] = answer as number[];
    return {
      at,
      states: wanted.map((_, i) => ({ used: states[2 * i] ?? 0, resetMs: states[2 * i + 1] ?? 0 })),
      refused: refused === 0 ? null : { index: refused - 1, waitMs: wait === -1 ? Infinity : wait },
    };
  }

  async giveBack(scope: string, window: Window, at: number, amount: number): Promise<void> {
    const [amounts = ''] = keysOf(scope, window);
    const step = Math.floor(at / window.stepMs);
    await this.redis.ask((client) => client.eval(GIVE_BACK, 1, amounts, step, amount));
  }
}

/** Of one scope all are in one slot. */
const keysOf = (scope: string, { name }: Window): string[] => {
  const key = storeKey(scope, `window:${name}`);
  return [key, `${key}:steps`];
};
