/** What happens by itself: documents and sessions expire, and what was dropped is cleared away. */
import { compileFilter } from '../match/index.ts';
import { choosePlan } from '../plan/planner.ts';
import { RecordStream } from '../plan/record-stream.ts';
import { expiredSessions, forgetSession } from '../session/retry-records.ts';
import type { Collection } from '../store/collection.ts';
import type { Index } from '../store/index-info.ts';
import type { Engine } from './command.ts';

const EXPIRE_PERIOD_MS = 60_000;
const CLEAR_PERIOD_MS = 1_000;
/** So many documents are removed in one go, so that the commands between wait a little only. */
const CHUNK = 500;

/** Starts the timers; returns how to stop them. */
export function startBackground(engine: Engine, expirePeriodMs = EXPIRE_PERIOD_MS): () => void {
  const timers = [
    setInterval(() => void quietly(() => expireAll(engine)), expirePeriodMs),
    setInterval(() => void quietly(() => clearGarbage(engine)), CLEAR_PERIOD_MS),
  ];
  for (const timer of timers) timer.unref();
  return () => {
    for (const timer of timers) clearInterval(timer);
  };
}

/** A failure here (a full disk) will be met again at the next turn, and by commands, who can report it. */
async function quietly(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    process.stderr.write(`mongolet: background: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

async function clearGarbage(engine: Engine): Promise<void> {
  while (!engine.catalog.garbage.isEmpty())
    await engine.queue.execute(() => engine.catalog.garbage.clearSome());
  while (engine.log.isGarbage) await engine.queue.execute(() => engine.log.clearSome());
}

async function expireAll(engine: Engine): Promise<void> {
  for (const collection of engine.catalog.list()) {
    for (const index of collection.indexes) {
      if (index.spec.expireAfterSeconds !== undefined) await expireBy(engine, collection, index);
    }
  }
  engine.transactions.forgetOld(Date.now());
  const unused = engine.log.unused(Date.now());
  if (unused.length > 0)
    await engine.queue.execute(() => {
      for (const scope of unused) engine.log.unwatch(scope);
    });
  const sessions = expiredSessions(engine.storage, Date.now());
  if (sessions.length === 0) return;
  await engine.queue.execute(() => {
    for (const key of sessions) forgetSession(engine.storage, key);
  });
}

async function expireBy(engine: Engine, collection: Collection, index: Index): Promise<void> {
  const path = index.fields[0]?.path;
  if (path === undefined) return;
  const limit = new Date(Date.now() - Number(index.spec.expireAfterSeconds) * 1000);
  const filter = { $and: [{ [path]: { $lt: limit } }, index.spec.partialFilterExpression ?? {}] };
  const { collation } = index;
  const matcher = compileFilter(filter, undefined, collation);
  for (let removed = CHUNK; removed === CHUNK; ) {
    removed = await engine.queue.execute(() => {
      if (collection.isDropped) return 0;
      const stream = new RecordStream(
        engine.storage,
        collection,
        choosePlan(collection, { filter, collation }),
        matcher,
      );
      const found = [];
      for (const record of stream) {
        found.push(record);
        if (found.length === CHUNK) break;
      }
      for (const record of found) engine.records.remove(collection, record);
      return found.length;
    });
  }
}
