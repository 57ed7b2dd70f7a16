/** The history of an order, folded again through the pure machine, against what was committed at every seq. */
import { applyCommit } from '../../src/actors/actor.ts';
import { begin, decide, type Stimulus } from '../../src/actors/decide.ts';
import type { ActorRecord, HistoryEntry } from '../../src/machines/actor-record.ts';
import { definition, leases } from '../support/orders.ts';

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

/** Where the folding differs from what was committed, byte for byte; undefined when nowhere. */
export function refoldFault(record: ActorRecord, committed: string[]): string | undefined {
  const { _id, input, idempotency, history } = record;
  const [first, ...rest] = history;
  if (first === undefined) return 'has no history';
  const actor = { _id, input, ...(idempotency && { idempotency }) };
  let refolded: ActorRecord = begin(definition, actor, { type: first.type, by: first.by }, first.at, leases);
  for (const entry of [undefined, ...rest]) {
    if (entry !== undefined) {
      const decision = decide(definition, refolded, stimulusOf(_id, entry), entry.at, leases);
      if (decision.kind !== 'moved') return `seq ${entry.seq} does not refold, it is ${decision.kind}`;
      refolded = applyCommit(refolded, decision.commit);
    }
    if (JSON.stringify(refolded.snapshot) !== committed[refolded.seq - 1])
      return `seq ${refolded.seq} does not refold to what was committed`;
  }
  return committed.length === record.seq ? undefined : `${committed.length} commits made ${record.seq} seqs`;
}
