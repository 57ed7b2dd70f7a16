/** Group commit: what is asked for while a write is on its way goes together in the next one. */
import { isPassing } from './failures.ts';

/** Adds an item to the next write; resolves with what became of it. */
export type GroupWrite<TItem, TResult> = (item: TItem) => Promise<TResult>;

interface Waiting<TItem, TResult> {
  item: TItem;
  resolve(result: TResult): void;
  reject(error: unknown): void;
}

/** Round trips at once. With two, a group that was ready waited for a reply, and the process for the group. */
const IN_FLIGHT_MAX = 8;

/** Writes the group; where it is refused for what one of its items is, each goes alone. Never rejects. */
async function writeGroup<TItem, TResult>(
  write: (items: TItem[]) => Promise<TResult[]>,
  group: Waiting<TItem, TResult>[],
): Promise<void> {
  try {
    const results = await write(group.map(({ item }) => item));
    group.forEach(({ resolve }, index) => {
      resolve(results[index] as TResult);
    });
  } catch (error) {
    if (group.length > 1 && !isPassing(error)) for (const one of group) await writeGroup(write, [one]);
    else for (const { reject } of group) reject(error);
  }
}

/**
 * Groups writes without making any wait for company: a lone one goes at the end of the turn in which it was asked for.
 * @param write does many at once; its results stand in the order of the items
 */
export function groupWrites<TItem, TResult>(
  write: (items: TItem[]) => Promise<TResult[]>,
  groupMax: number,
): GroupWrite<TItem, TResult> {
  let waiting: Waiting<TItem, TResult>[] = [];
  let inFlight = 0;
  let scheduled = false;

  async function flush(): Promise<void> {
    scheduled = false;
    if (waiting.length === 0 || inFlight >= IN_FLIGHT_MAX) return;
    const group = waiting.slice(0, groupMax);
    waiting = waiting.slice(groupMax);
    inFlight += 1;
    schedule();
    await writeGroup(write, group);
    inFlight -= 1;
    schedule();
  }

  function schedule(): void {
    if (scheduled || waiting.length === 0 || inFlight >= IN_FLIGHT_MAX) return;
    scheduled = true;
    setImmediate(() => void flush());
  }

  return (item) =>
    new Promise<TResult>((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      schedule();
    });
}
