/** One process a data folder: a lock file naming its holder, which a crash leaves behind harmlessly. */
import { linkSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const LOCK_NAME = 'mongolet.lock';
const POLL_MS = 50;

interface Holder {
  readonly pid: number;
  /** When the process started, in clock ticks: a recycled process id is told apart by it. */
  readonly startTicks: string;
}

/** Locks of this very process, by folder: its own id in a lock file may also be a leftover. */
const heldHere = new Set<string>();

/** Another living process holds the folder. */
class FolderLockedError extends Error {
  override readonly name = 'FolderLockedError';
}

/** Takes the lock of `folder`, waiting up to `waitMs` for a dying holder; returns how to release it. */
export async function lockFolder(folder: string, waitMs: number): Promise<() => void> {
  mkdirSync(folder, { recursive: true });
  const realFolder = realpathSync(folder);
  const path = join(realFolder, LOCK_NAME);
  const deadline = Date.now() + waitMs;
  for (;;) {
    const holder = tryLock(path, realFolder);
    if (holder === undefined) break;
    if (Date.now() >= deadline) {
      throw new FolderLockedError(`data folder ${folder} is in use by process ${holder.pid}`);
    }
    await sleep(POLL_MS);
  }
  heldHere.add(realFolder);
  return () => {
    if (!heldHere.delete(realFolder)) return;
    rmSync(path, { force: true });
  };
}

/** Returns undefined when the lock is ours now, else its living holder. */
function tryLock(path: string, realFolder: string): Holder | undefined {
  const own: Holder = { pid: process.pid, startTicks: startTicksOf(process.pid) };
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(own));
  try {
    for (;;) {
      // A link appears whole or not at all, so nobody ever reads a half-written lock.
      if (tryLink(draft, path)) return undefined;
      const text = readIfThere(path);
      if (text === undefined) continue;
      const holder = parseHolder(text);
      if (holder && isAlive(holder, realFolder)) return holder;
      removeStale(path, text);
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

function removeStale(path: string, staleText: string): void {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  // Between reading and renaming, another process may have replaced the leftover with its own lock: give it back.
  if (readIfThere(aside) !== staleText) tryLink(aside, path);
  rmSync(aside, { force: true });
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const { pid, startTicks } = parsed as Partial<Holder>;
    return typeof pid === 'number' ? { pid, startTicks: startTicks ?? '' } : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(holder: Holder, realFolder: string): boolean {
  if (holder.pid === process.pid) return heldHere.has(realFolder);
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    if (!isCode(error, 'EPERM')) return false;
  }
  const ticks = startTicksOf(holder.pid);
  return ticks === '' || holder.startTicks === '' || ticks === holder.startTicks;
}

/** Field 22 of /proc/PID/stat, or '' where there is no such thing. A zombie counts as gone. */
function startTicksOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'zombie' : (fields[19] ?? '');
  } catch {
    return '';
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
