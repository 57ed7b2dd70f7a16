/** The books of the gateway, the carrier, the notifier and the shelves, against what each order says. */
import { amountOf, bySku, dueMinor, keptLines, paidMinor, unitsOf } from '../../src/machines/order-lines.ts';
import type { LineQuantity, OrderContext } from '../../src/machines/order-types.ts';
import type { OrderRecord } from '../../src/machines/order-view.ts';
import type { Outside } from './outside.ts';

const UNDONE = ['cancelled', 'declined', 'rejected', 'expired'];

const WAY = ['', 'pickedUp', 'inTransit', 'delivered', 'lost'];

/** Whether it ended without a sale. */
const isUndone = ({ state }: OrderRecord) => UNDONE.includes(state);

const contextOf = (record: OrderRecord): OrderContext => ({
  ...record.snapshot.context,
  input: record.input,
});

/** What the customer must have paid in the end, counted anew from the history. */
function owedMinor(record: OrderRecord): number {
  if (isUndone(record)) return 0;
  const context = contextOf(record);
  let owed = dueMinor(context);
  for (const { type, event } of record.history) {
    if (type === 'order.refund') owed -= event.amountMinor as number;
    if (type === 'order.return')
      owed -= Math.min(owed, amountOf(record.input, event.lines as LineQuantity[]));
  }
  return owed;
}

/** The money: one capture at the most, and what is left of it is what is owed and what the order says. */
export function moneyFaults({ charges }: Outside, record: OrderRecord): string[] {
  const { state, snapshot } = record;
  const own = [...charges]
    .filter(([, { orderId }]) => orderId === record._id)
    .map(([, { charge }]) => charge);
  const captured = own.filter((charge) => charge.status === 'captured');
  const capturedMinor = captured.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  const payment = snapshot.context.payment;
  // Whoever gave money back by other means may not know that the gateway had done so: what counts is no less than that.
  const byHand = payment?.byHandMinor ?? 0;
  const isRight = (said: number) => kept >= said && kept <= said + byHand;
  const refunds = captured.flatMap((charge) => charge.refunds);
  const kept = capturedMinor - refunds.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  const faults: string[] = [];
  if (captured.length > 1) faults.push(`was captured ${captured.length} times`);
  if (new Set(refunds.map(({ key }) => key)).size !== refunds.length) faults.push('was refunded twice');
  if (!isRight(owedMinor(record))) faults.push(`is ${state}, owes ${owedMinor(record)}, and paid ${kept}`);
  const said = paidMinor(payment);
  if (payment && payment.capturedMinor !== capturedMinor)
    faults.push(`is ${state}, says that ${payment.capturedMinor} came in, and it was ${capturedMinor}`);
  if (said < 0) faults.push(`is ${state}, and gave back ${-said} more than came in`);
  if (!isRight(said)) faults.push(`is ${state}, says that ${said} is paid, and the gateway kept ${kept}`);
  if (own.some(({ status }) => status === 'pending')) faults.push(`is ${state}, and may yet be charged`);
  return faults;
}

/** The parcels: none for an order that was undone, and all that was kept in those of another. */
export function parcelFaults({ parcels }: Outside, record: OrderRecord): string[] {
  const { _id, state, input, snapshot, history } = record;
  const booked = [...parcels.values()].filter(
    (parcel) => parcel.orderId === _id && parcel.state === 'booked',
  );
  const undoneAt = history.findIndex(({ to }) => to === 'recalling');
  const sentBefore = history.slice(0, Math.max(0, undoneAt)).some(({ type }) => type === 'shipment.tracked');
  if (isUndone(record) && sentBefore) return [`is ${state}, and a parcel was known to be on its way`];
  const known = new Set((snapshot.context.shipments ?? []).map(({ trackingNumber }) => trackingNumber));
  if (isUndone(record) || input.fulfilment === 'manual')
    return booked.length > 0 ? [`is ${state}, and ${booked.length} parcels are booked`] : [];
  const faults = booked
    .filter(({ trackingNumber }) => !known.has(trackingNumber))
    .map(({ trackingNumber }) => `is ${state}, and knows nothing of ${trackingNumber}`);
  const count = (units: { sku: string; quantity: number }[]) =>
    JSON.stringify(
      ['CUP', 'POT'].map((sku) =>
        units.filter((each) => each.sku === sku).reduce((sum, { quantity }) => sum + quantity, 0),
      ),
    );
  const inside = count(booked.flatMap(({ lines }) => lines));
  const kept = count(bySku(input, keptLines(contextOf(record))));
  if (inside !== kept) faults.push(`is ${state}, kept ${kept}, and ${inside} was sent`);
  return faults;
}

/** News that were said to change nothing: a parcel of the order is at least as far as they told. */
export function ignoredFaults({ ignored }: Outside, { _id, state, snapshot }: OrderRecord): string[] {
  if (state !== 'completed' && state !== 'delivered') return [];
  return ignored.flatMap(({ orderId, fact }) => {
    if (orderId !== _id || fact.type !== 'shipment.tracked') return [];
    const { trackingNumber, status } = fact;
    // What is sent together by hand can have one number, and a parcel that is lost can arrive.
    if (trackingNumber.startsWith('hand')) return [];
    return (snapshot.context.shipments ?? [])
      .filter((parcel) => parcel.trackingNumber === trackingNumber)
      .filter((parcel) => WAY.indexOf(parcel.status) < WAY.indexOf(status))
      .map(
        (parcel) => `was told that ${trackingNumber} is ${status}, and believes that it is ${parcel.status}`,
      );
  });
}

/** Parcels go forwards, by what their order believes. */
export function trackingFaults({ history }: OrderRecord): string[] {
  const heard = new Map<string, string[]>();
  for (const { type, event } of history)
    if (type === 'shipment.tracked') {
      const number = event.trackingNumber as string;
      heard.set(number, [...(heard.get(number) ?? []), event.status as string]);
    }
  // What is sent together by hand can have one number, and start anew with each parcel.
  return [...heard]
    .filter(([number]) => !number.startsWith('hand'))
    .filter(([, statuses]) =>
      statuses.some((status, index) => WAY.indexOf(status) <= WAY.indexOf(statuses[index - 1] ?? '')),
    )
    .map(([number, statuses]) => `believes that ${number} was ${statuses.join(', then ')}`);
}

/** The notices: one on each order's end, none on another, and one on each refund. */
export function noticeFaults({ notices }: Outside, record: OrderRecord): string[] {
  const { _id, state, history, snapshot } = record;
  const failed = (id: string) => history.some(({ type }) => type === `${id}.exhausted`);
  const has = (name: string) => notices.has(`${_id}.${name}`);
  const faults: string[] = [];
  for (const ending of UNDONE)
    if (has(ending) !== (state === ending) && !(state === ending && failed('notice')))
      faults.push(`is ${state}, and its customer was${has(ending) ? '' : ' not'} told that it is ${ending}`);
  if (has('confirmation') === isUndone(record) && snapshot.context.confirmation !== undefined)
    faults.push(`is ${state}, its confirmation was${has('confirmation') ? '' : ' not'} sent`);
  return faults;
}

/** The shelves: received = available + held + sold, nothing held, and sold what was kept and did not come back. */
export function stockFaults({ products }: Outside, records: OrderRecord[]): string[] {
  const kept = records
    .filter((record) => !isUndone(record))
    .flatMap((record) => bySku(record.input, keptLines(contextOf(record))));
  return [...products].flatMap(([sku, { received, available, sold, holds, returns }]) => {
    const ordered = kept
      .filter((units) => units.sku === sku)
      .reduce((sum, { quantity }) => sum + quantity, 0);
    const back = [...returns.values()].reduce((sum, { quantity }) => sum + quantity, 0);
    const restocked = records
      .flatMap(({ input, history }) =>
        history
          .filter(({ type, event }) => type === 'order.return' && event.restock === true)
          .flatMap(({ event }) => bySku(input, event.lines as LineQuantity[])),
      )
      .filter((units) => units.sku === sku)
      .reduce((sum, { quantity }) => sum + quantity, 0);
    const faults: string[] = [];
    if (holds.size > 0) faults.push(`${sku} is still held for ${[...holds.keys()]}`);
    if (available + sold !== received || available < 0)
      faults.push(`${sku}: ${available} + ${sold} of ${received}`);
    if (back !== restocked) faults.push(`${sku}: ${restocked} came back, ${back} went back to the shelf`);
    if (sold !== ordered - back) faults.push(`${sku}: sold ${sold}, ordered ${ordered}, returned ${back}`);
    return faults;
  });
}

/** What comes back is never more than was kept. */
export function returnFaults(record: OrderRecord): string[] {
  const back = unitsOf(record.snapshot.context.returned ?? []);
  const kept = unitsOf(keptLines(contextOf(record)));
  return back > kept ? [`kept ${kept}, and returned ${back}`] : [];
}
