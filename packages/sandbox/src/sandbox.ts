/** The gateway and the carrier at work: what is decided is written down, and what follows from it is put on the agenda. */
import { type Agenda, startAgenda, type Task, type TaskKey } from './agenda.ts';
import type { Books } from './books.ts';
import * as charges from './charges.ts';
import type { Clock } from './clock.ts';
import type { Decision, Reply } from './decision.ts';
import type { EventDraft, Move } from './events.ts';
import type { Faults } from './faults.ts';
import * as parcels from './parcels.ts';
import { type Destination, pauseAfter, tell } from './webhooks.ts';

export interface SandboxParts {
  books: Books;
  faults: Faults;
  clock: Clock;
  newId: () => string;
  /** How long a pending charge stays so by itself. */
  settleAfterMs: number;
  /** How long a parcel stays where it is; absent when it moves only as it is told to. */
  autoAdvanceMs?: number;
}

/** An event that a fault delays is told up to that much later. */
const LONGEST_DELAY_MS = 2_000;

/** The operations, each durable when it resolves. */
export interface Sandbox {
  capture(request: charges.ChargeRequest): Promise<Reply>;
  voidCharge(key: string): Promise<Reply>;
  refund(key: string, refund: charges.Refund): Promise<Reply>;
  settle(key: string, outcome?: 'captured' | 'failed'): Promise<Reply>;
  book(request: parcels.ParcelRequest): Promise<Reply>;
  recall(key: string): Promise<Reply>;
  advance(key: string, move: Move): Promise<Reply>;
  /** Tells events there from now on. */
  tellTo(destination: Destination): Promise<void>;
  stop(): Promise<void>;
}

/** Starts with what the books have on the agenda. */
export function startSandbox(parts: SandboxParts): Sandbox {
  const { books, clock, newId, settleAfterMs, autoAdvanceMs } = parts;
  const { schedule, record, hasNews } = createNotes(parts);

  /** Both run inside a transaction of the books. */
  const changeCharge = (
    key: string,
    decide: (entry?: charges.ChargeEntry) => Decision<charges.ChargeEntry>,
  ) => {
    const before = books.charges.get(key);
    const { entry, reply, event } = decide(before);
    if (entry !== undefined) {
      books.charges.putSync(key, entry);
      if (before === undefined && entry.status !== 'barred')
        books.orders.putSync([entry.request.orderId, 'charge', key], true);
      if (entry.status === 'pending') schedule(settleAfterMs, { kind: 'settle', key });
    }
    if (event !== undefined) record(event);
    return reply;
  };
  const changeParcel = (
    key: string,
    decide: (entry?: parcels.ParcelEntry) => Decision<parcels.ParcelEntry>,
  ) => {
    const before = books.parcels.get(key);
    const { entry, reply, event } = decide(before);
    if (entry !== undefined) {
      books.parcels.putSync(key, entry);
      if (before === undefined && entry.orderId !== undefined)
        books.orders.putSync([entry.orderId, 'parcel', key], true);
      if (autoAdvanceMs !== undefined && parcels.nextMove(entry.status) !== undefined)
        schedule(autoAdvanceMs, { kind: 'advance', key });
    }
    if (event !== undefined) record(event);
    return reply;
  };

  async function run(taskKey: TaskKey, task: Task): Promise<void> {
    if (task.kind === 'tell') return await tellOne(parts, taskKey, task);
    await books.write(() => {
      books.agenda.removeSync(taskKey);
      const { key } = task;
      if (task.kind === 'settle') return changeCharge(key, (entry) => charges.settle(key, entry));
      return changeParcel(key, (entry) => {
        const move = entry && parcels.nextMove(entry.status);
        return move ? parcels.advance(key, entry, move) : { reply: parcels.viewParcel(key, entry) };
      });
    });
  }

  const agenda: Agenda = startAgenda(books, clock, run);
  const write = async <T>(action: () => T): Promise<T> => {
    const result = await books.write(action);
    if (hasNews()) agenda.wake();
    return result;
  };
  return {
    capture: (request) =>
      write(() => changeCharge(request.key, (entry) => charges.capture(entry, request, `pay_${newId()}`))),
    voidCharge: (key) => write(() => changeCharge(key, (entry) => charges.voidCharge(key, entry))),
    refund: (key, refund) => write(() => changeCharge(key, (entry) => charges.refund(key, entry, refund))),
    settle: (key, outcome) => write(() => changeCharge(key, (entry) => charges.settle(key, entry, outcome))),
    book: (request) => write(() => changeParcel(request.key, (entry) => parcels.book(entry, request))),
    recall: (key) => write(() => changeParcel(key, (entry) => parcels.recall(key, entry))),
    advance: (key, move) => write(() => changeParcel(key, (entry) => parcels.advance(key, entry, move))),
    tellTo: (destination) => write(() => void books.settings.putSync('webhook', destination)),
    stop: () => agenda.stop(),
  };
}

/** What is written beside the entries, in their transaction: tasks, and events as tasks; and whether any was. */
function createNotes({ books, faults, clock, newId }: SandboxParts) {
  let isNew = false;
  const schedule = (delayMs: number, task: Task) => {
    books.agenda.putSync([clock.nowMs() + delayMs, newId()], task);
    isNew = true;
  };
  const record = (draft: EventDraft) => {
    if (books.settings.get('webhook') === undefined) return;
    const event = { ...draft, id: `evt_${newId()}`, atMs: clock.nowMs() };
    const { repeat, delay = 0 } = faults.draw('webhook');
    schedule(delay * LONGEST_DELAY_MS, { kind: 'tell', event, attempts: 0 });
    if (repeat !== undefined) schedule(repeat * LONGEST_DELAY_MS, { kind: 'tell', event, attempts: 0 });
  };
  const hasNews = () => {
    const wasNew = isNew;
    isNew = false;
    return wasNew;
  };
  return { schedule, record, hasNews };
}

/** Tells one event; what was not taken is put off. */
async function tellOne(
  { books, clock, newId }: SandboxParts,
  taskKey: TaskKey,
  task: Task & { kind: 'tell' },
): Promise<void> {
  const destination = books.settings.get('webhook');
  const isTaken = destination !== undefined && (await tell(destination, task.event, clock));
  const attempts = task.attempts + 1;
  await books.write(() => {
    books.agenda.removeSync(taskKey);
    if (!isTaken)
      books.agenda.putSync([clock.nowMs() + pauseAfter(attempts), newId()], { ...task, attempts });
  });
}
