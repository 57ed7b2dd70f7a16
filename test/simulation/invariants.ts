/** What must be true when a run has come to rest: the promises of the design. */
import type { OrderRecord } from '../../src/machines/order-view.ts';
import {
  ignoredFaults,
  moneyFaults,
  noticeFaults,
  parcelFaults,
  returnFaults,
  stockFaults,
  trackingFaults,
} from './books.ts';
import type { Outside } from './outside.ts';
import { refoldFault } from './refold.ts';

/** Every promise that does not hold, in words. */
export function faultsIn(outside: Outside, accepted: Set<string>, placed: number): string[] {
  const records = [...outside.store.records.values()] as OrderRecord[];
  const lost = [...accepted]
    .filter((id) => !outside.store.records.has(id))
    .map((id) => `${id} was accepted and is lost`);
  return [
    ...lost,
    ...(records.length > placed ? [`${placed} requests placed ${records.length} orders`] : []),
    ...outside.protests,
    ...records.flatMap((record) => orderFaults(outside, record).map((fault) => `${record._id} ${fault}`)),
    ...stockFaults(outside, records),
  ];
}

function orderFaults(outside: Outside, record: OrderRecord): string[] {
  const { _id, seq, status, state, history, publications } = record;
  if (status !== 'done') return [`is ${status} in ${state}, not at its end`];
  const refold = refoldFault(record, outside.committed.get(_id) ?? []);
  const faults: string[] = refold === undefined ? [] : [refold];
  if (history.length !== seq || history.some((entry, index) => entry.seq !== index + 1))
    faults.push('has a gap in its history');
  // Every outcome and deadline of this machine leads to another state, so one that does not was no event of its.
  const idle = history.filter(
    ({ from, to, event }) =>
      from === to && event.type.startsWith('xstate.') && from !== 'shipping' && from !== 'adjusting',
  );
  if (idle.length > 0) faults.push(`took ${idle.map(({ type }) => type)}, which moved nothing`);
  const told = new Set(
    outside.told
      .filter(({ transition }) => transition.orderId === _id)
      .map(({ transition }) => transition.seq),
  );
  const untold = history.filter((entry) => !told.has(entry.seq));
  if (untold.length > 0)
    faults.push(`was never heard of by the feed at seq ${untold.map((entry) => entry.seq)}`);
  if (publications.length > 0) faults.push('has publications left');
  return [
    ...faults,
    ...answerFaults(outside, record),
    ...moneyFaults(outside, record),
    ...parcelFaults(outside, record),
    ...noticeFaults(outside, record),
    ...returnFaults(record),
    ...trackingFaults(record),
    ...ignoredFaults(outside, record),
  ];
}

/** What a sender was told of a command is what its order has in its history. */
function answerFaults({ answers }: Outside, { _id, history }: OrderRecord): string[] {
  return answers
    .filter(({ orderId }) => orderId === _id)
    .flatMap(({ commandId, taken }) => {
      const entries = history.filter((entry) => entry.commandId === commandId).length;
      if (entries > 1) return [`took ${commandId} ${entries} times`];
      return taken === (entries === 1)
        ? []
        : [
            `${taken ? 'lost' : 'took'} ${commandId}, which its sender was told was ${taken ? '' : 'not '}taken`,
          ];
    });
}
