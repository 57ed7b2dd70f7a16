/** Histories that are tampered with are found out; those that only were stored are not. */
import test from 'ava';
import { applyCommit } from '../../src/actors/actor.ts';
import { verifyChain } from '../../src/actors/chain.ts';
import { decide, type Stimulus } from '../../src/actors/decide.ts';
import { refold } from '../../src/actors/refold.ts';
import type { ActorRecord, HistoryEntry } from '../../src/machines/actor-record.ts';
import { definition, leases, placedOrder, START, versions } from '../support/orders.ts';

const at = (seq: number) => new Date(START.getTime() + seq * 1_000);
const outcome = (id: string, seq: number, output: object): Stimulus => ({
  kind: 'outcome',
  ref: { actorId: 'order-1', kind: 'invocation', id, seq },
  outcome: { output },
});

function tell(record: ActorRecord, stimulus: Stimulus): ActorRecord {
  const decision = decide(definition, record, stimulus, at(record.seq), leases);
  if (decision.kind !== 'moved') throw new Error(`${decision.kind} at ${record.state}`);
  return applyCommit(record, decision.commit);
}

/** An order that was cancelled by words that no database keeps as they are, to its end and into the archive. */
function life(): ActorRecord {
  const reason = 'half a face \ud83d, and \\ud83d as text';
  const stimuli: Stimulus[] = [
    outcome('validation', 1, { type: 'stock.held' }),
    {
      kind: 'command',
      event: { type: 'order.cancel', reason },
      by: { role: 'customer', userId: 'customer-1' },
      commandId: 'c',
    },
    outcome('refund', 3, { type: 'payment.undone', refundedMinor: 0 }),
    outcome('release', 4, { type: 'stock.released' }),
    outcome('notice', 5, { type: 'notice.sent', messageId: 'm' }),
    { kind: 'archive', by: { role: 'operator', userId: 'op' }, commandId: 'a' },
  ];
  return stimuli.reduce(tell, placedOrder() as ActorRecord);
}

const LIFE = life();
const verify = (history: HistoryEntry[], seq = LIFE.seq) => verifyChain(history, seq);

test('a history is intact as it was made, and as it comes back from where it was stored', (t) => {
  t.is(LIFE.history.length, 7);
  t.deepEqual(verify(LIFE.history), { intact: true, chainedFrom: 1 });
  const stored = LIFE.history.map((entry) => ({
    ...JSON.parse(Buffer.from(JSON.stringify(entry).replaceAll('\\ud83d,', '\ufffd,')).toString()),
    at: new Date(entry.at),
  }));
  t.not(stored[2].event.reason, LIFE.history[2]?.event.reason);
  t.deepEqual(verify(stored), { intact: true, chainedFrom: 1 });
});

const others: Partial<Record<keyof HistoryEntry, unknown>> = {
  seq: 99,
  at: new Date(0),
  type: 'other',
  event: { type: 'other' },
  from: 'other',
  to: 'other',
  final: undefined,
  by: { role: 'admin' },
  commandId: 'other',
  emitted: [1],
  reason: { code: 'other' },
  hash: 'other',
};
for (const [index, entry] of LIFE.history.entries()) {
  for (const [field, value] of Object.entries(others))
    test(`another ${field} in entry ${entry.seq} is found`, (t) => {
      const edited = { ...entry, [field]: field === 'final' ? !entry.final : value } as HistoryEntry;
      t.like(verify(LIFE.history.with(index, edited)), { intact: false, brokenAt: entry.seq });
    });

  test(`the removal of entry ${entry.seq} is found, also where the others are renumbered`, (t) => {
    const rest = LIFE.history.toSpliced(index, 1);
    t.like(verify(rest), { intact: false, brokenAt: entry.seq });
    const renumbered = rest.map((each, place) => ({ ...each, seq: place + 1 }));
    t.like(verify(renumbered, rest.length), { intact: index === LIFE.history.length - 1 });
    t.like(verify(renumbered), { intact: false });
  });

  test(`an entry more after entry ${entry.seq} is found`, (t) => {
    t.like(verify(LIFE.history.toSpliced(index + 1, 0, entry)), { intact: false, brokenAt: entry.seq + 1 });
  });

  test(`entry ${entry.seq} without its hash is found`, (t) => {
    const { hash: _, ...bare } = entry;
    t.false(verify(LIFE.history.with(index, bare)).intact);
  });

  for (const other of LIFE.history.keys())
    if (other > index)
      test(`entries ${entry.seq} and ${other + 1} in each other's place are found`, (t) => {
        const swapped = LIFE.history.with(index, LIFE.history[other] as HistoryEntry).with(other, entry);
        t.like(verify(swapped), { intact: false, brokenAt: entry.seq });
        t.false(verify(swapped.map((each, place) => ({ ...each, seq: place + 1 }))).intact);
      });
}

test('the chain of an older order begins where it begins', (t) => {
  const older = LIFE.history.map(({ hash: _, ...entry }, index) => (index < 3 ? entry : undefined));
  const record: ActorRecord = { ...placedOrder(), seq: 1 };
  const { hash: _, ...first } = record.history[0] as HistoryEntry;
  t.deepEqual(
    verifyChain(
      older.filter((entry) => entry !== undefined),
      3,
    ),
    { intact: true },
  );
  const moved = tell({ ...record, history: [first] }, outcome('validation', 1, { type: 'stock.held' }));
  t.deepEqual(verifyChain(moved.history, 2), { intact: true, chainedFrom: 2 });
  t.like(verifyChain(moved.history.with(1, { ...(moved.history[1] as HistoryEntry), to: 'x' }), 2), {
    brokenAt: 2,
  });
});

test('an order is archived at its end alone, once, and its past refolds', (t) => {
  const archive: Stimulus = { kind: 'archive', by: { role: 'operator' }, commandId: 'b' };
  t.deepEqual(decide(definition, placedOrder(), archive, at(9), leases), { kind: 'refused' });
  t.deepEqual(decide(definition, LIFE, archive, at(9), leases), { kind: 'repeated' });
  t.deepEqual(LIFE.archivedAt, at(6));
  t.like(LIFE, { state: 'cancelled', status: 'done', seq: 7 });
  t.is(refold(versions, LIFE, 6)?.archivedAt, undefined);
  t.like(refold(versions, LIFE, 7), { archivedAt: at(6), state: 'cancelled', snapshot: LIFE.snapshot });
});
