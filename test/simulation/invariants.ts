/** What must be true when a run has come to rest: the promises of the design. */
import { applyCommit } from '../../src/actors/actor.ts';
import { begin, decide, type Stimulus } from '../../src/actors/decide.ts';
import type { ActorRecord, HistoryEntry } from '../../src/machines/actor-record.ts';
import type { OrderRecord } from '../../src/machines/order-view.ts';
import { definition, leases } from '../support/orders.ts';
import type { Outside } from './outside.ts';

/** Every promise that does not hold, in words. */
export function faultsIn(outside: Outside, accepted: Set<string>): string[] {
  const records = [...outside.store.records.values()] as OrderRecord[];
  const lost = [...accepted]
    .filter((id) => !outside.store.records.has(id))
    .map((id) => `${id} was accepted and is lost`);
  return [
    ...lost,
    ...records.flatMap((record) => orderFaults(outside, record)),
    ...stockFaults(outside, records),
  ];
}

function orderFaults(outside: Outside, record: OrderRecord): string[] {
  const { _id: id, seq, status, state, history, publications } = record;
  const faults: string[] = [];
  if (status !== 'done') faults.push(`${id} is ${status} in ${state}, not final`);
  if (history.length !== seq || history.some((entry, index) => entry.seq !== index + 1))
    faults.push(`${id}: gap in its history`);
  // Every transition of this machine leads to another state, so one that does not was no event of its.
  const idle = history.filter(({ from, to }) => from === to);
  if (idle.length > 0) faults.push(`${id}: ${idle.map(({ type }) => type)} moved nothing`);
  const told = new Set(
    outside.told
      .filter(({ transition }) => transition.orderId === id)
      .map(({ transition }) => transition.seq),
  );
  const untold = history.filter((entry) => !told.has(entry.seq));
  if (untold.length > 0)
    faults.push(`${id}: the feed never heard of seq ${untold.map((entry) => entry.seq)}`);
  if (publications.length > 0) faults.push(`${id}: publications are left`);
  return [...faults, ...moneyFaults(outside, record), ...refoldFaults(record)];
}

function moneyFaults(
  { charges, letters, parcels }: Outside,
  { _id: id, state, input }: OrderRecord,
): string[] {
  const own = [...charges].filter(([key]) => key.startsWith(`${id}.charge.`)).map(([, charge]) => charge);
  const captured = own.filter(({ charge }) => charge.status === 'captured');
  const refunds = own.flatMap(({ refunds }) => [...refunds.values()]);
  const kept = captured.length * input.amountMinor - refunds.reduce((sum, amount) => sum + amount, 0);
  const completed = state === 'completed';
  const faults: string[] = [];
  if (captured.length > 1) faults.push(`${id} was captured ${captured.length} times`);
  if (refunds.length > 1) faults.push(`${id} was refunded ${refunds.length} times`);
  if (kept !== (completed ? input.amountMinor : 0))
    faults.push(`${id} is ${state}, and the gateway kept ${kept}`);
  if (letters.has(`${id}.confirmation`) !== completed)
    faults.push(`${id} is ${state}, its letter was${completed ? ' not' : ''} sent`);
  if ((parcels.get(`${id}.shipment`) === 'booked') !== completed)
    faults.push(`${id} is ${state}, its parcel is ${parcels.get(`${id}.shipment`)}`);
  return faults;
}

function stockFaults({ products }: Outside, records: OrderRecord[]): string[] {
  const completed = records.filter(({ state }) => state === 'completed').flatMap(({ input }) => input.lines);
  return [...products].flatMap(([sku, { received, available, sold, holds }]) => {
    const ordered = completed
      .filter((line) => line.sku === sku)
      .reduce((sum, { quantity }) => sum + quantity, 0);
    const faults: string[] = [];
    if (holds.size > 0) faults.push(`${sku} is still held for ${[...holds.keys()]}`);
    if (available + sold !== received || available < 0)
      faults.push(`${sku}: ${available} + ${sold} of ${received}`);
    if (sold !== ordered) faults.push(`${sku}: sold ${sold}, ordered ${ordered}`);
    return faults;
  });
}

/** The event of an entry as the runtime was told it. */
function stimulusOf(actorId: string, { event, by, commandId }: HistoryEntry): Stimulus {
  const cut = commandId.lastIndexOf('.');
  const named = { actorId, id: commandId.slice(0, cut), seq: Number(commandId.slice(cut + 1)) };
  if (event.type.startsWith('xstate.after')) return { kind: 'timer', ref: { ...named, kind: 'timer' } };
  const ref = { ...named, kind: 'invocation' as const };
  if (event.type.startsWith('xstate.done'))
    return { kind: 'outcome', ref, outcome: { output: event.output } };
  if (event.type.startsWith('xstate.error'))
    return { kind: 'outcome', ref, outcome: { error: (event.error as { message: string }).message } };
  return { kind: 'command', event, by, commandId };
}

/** The history, folded again through the pure machine, gives what was committed. */
function refoldFaults(record: OrderRecord): string[] {
  const { _id, input, idempotency, history } = record;
  const [first, ...rest] = history;
  if (first === undefined) return [`${_id} has no history`];
  const actor = { _id, input, ...(idempotency && { idempotency }) };
  let refolded: ActorRecord = begin(definition, actor, { type: first.type, by: first.by }, first.at, leases);
  for (const entry of rest) {
    const decision = decide(definition, refolded, stimulusOf(_id, entry), entry.at, leases);
    if (decision.kind !== 'moved')
      return [`${_id}: seq ${entry.seq} does not refold, it is ${decision.kind}`];
    refolded = applyCommit(refolded, decision.commit);
  }
  const same = JSON.stringify(refolded.snapshot) === JSON.stringify(record.snapshot);
  return same && refolded.state === record.state
    ? []
    : [`${_id}: its history does not refold to its snapshot`];
}
