/**
 * How a loss of jobs is noticed: by a mark among them, which goes with them when Redis is emptied, and which names the run
 * of the server, another one when Redis was restarted with what it had, or a replica took over.
 */
import type { Redis } from 'ioredis';

/** Puts a name of the loss in the mark's place, unless one is there: a loss that comes later takes that away too. */
const TELL_LOSS = `
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
if not run then return redis.error_reply('expected a run_id in what INFO says, as Redis has it; there is none') end
local mark = redis.call('GET', KEYS[1])
if mark == run then return false end
if mark and string.sub(mark, 1, #run) == run then return mark end
local time = redis.call('TIME')
local loss = run .. ' ' .. time[1] .. '.' .. time[2]
redis.call('SET', KEYS[1], loss)
return loss`;

const FORGET_LOSS = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
return redis.call('SET', KEYS[1], string.match(ARGV[1], '%x+'))`;

/** The loss that nobody has made good yet, by its name; undefined when all is there. @throws what Redis says */
export async function tellLoss(redis: Redis, key: string): Promise<string | undefined> {
  return ((await redis.eval(TELL_LOSS, 1, key)) as string | null) ?? undefined;
}

/** That loss is made good; nothing changes when another one has come since it was told. @throws what Redis says */
export async function forgetLoss(redis: Redis, key: string, loss: string): Promise<void> {
  await redis.eval(FORGET_LOSS, 1, key, loss);
}
