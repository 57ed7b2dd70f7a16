/** The books, read from the databases themselves: what must be true of all orders when everything is final. */

import { bySku, dueMinor, keptLines, paidMinor } from '../../src/machines/order-lines.ts';
import type { OrderRecord } from '../../src/machines/order-view.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createSandboxGateway } from '../../src/providers/payment-sandbox.ts';
import { connectStore } from '../../src/store/connect.ts';
import { orderModel } from '../../src/store/order-model.ts';
import { productModel } from '../../src/store/product-model.ts';
import { movementModel } from '../../src/store/stock-movements.ts';

/** The states of orders whose goods were sold. */
const SOLD = new Set(['completed', 'delivered', 'parcelLost', 'returned']);

/** What a payment gateway has booked in all, in minor units. */
export interface GatewayTotals {
  captured: number;
  refunded: number;
  ordersChargedTwice: string[];
}

/**
 * What does not add up, in words; empty when every promise holds. Also the orders by state. Without the totals of a
 * gateway, those of the sandbox whose ledger is beside the database.
 */
export async function audit(
  mongodbUri: string,
  totals?: GatewayTotals,
): Promise<{ faults: string[]; states: Record<string, number> }> {
  const connection = await connectStore(mongodbUri);
  try {
    const orders = await orderModel(connection).find().lean<OrderRecord[]>();
    const products = await productModel(connection).find().lean();
    const ledger = connection.useDb(`${connection.name}_sandbox`);
    const gateway = createSandboxGateway({ connection: ledger, clock: systemClock, newId: () => '' });
    const { captured, refunded, ordersChargedTwice } = totals ?? {
      ...(await gateway.totals()),
      ordersChargedTwice: await gateway.ordersChargedTwice(),
    };
    const faults = [
      ...orders.flatMap(faultsOf),
      ...ordersChargedTwice.map((id) => `${id} was charged twice`),
    ];
    const paid = orders.reduce((sum, { snapshot }) => sum + paidMinor(snapshot.context.payment), 0);
    if (captured - refunded !== paid)
      faults.push(`the gateway kept ${captured - refunded}, the orders say ${paid}`);
    const sold = new Map<string, number>();
    const add = (sku: string, quantity: number) => sold.set(sku, (sold.get(sku) ?? 0) + quantity);
    for (const { input, snapshot, state } of orders)
      if (SOLD.has(state))
        for (const { sku, quantity } of bySku(input, keptLines({ ...snapshot.context, input })))
          add(sku, quantity);
    for (const { sku, delta, kind } of await movementModel(connection).find().lean())
      if (kind === 'return') add(sku, -delta);
    for (const { _id, stock, holds } of products) {
      const { received, available, held } = stock;
      if (received !== available + held + stock.sold)
        faults.push(`${_id}: ${JSON.stringify(stock)} does not add up`);
      if (held !== 0 || holds.length > 0) faults.push(`${_id}: ${held} units are still held`);
      if (stock.sold !== (sold.get(_id) ?? 0))
        faults.push(`${_id}: sold ${stock.sold}, ordered ${sold.get(_id) ?? 0}`);
    }
    const states: Record<string, number> = {};
    for (const { state } of orders) states[state] = (states[state] ?? 0) + 1;
    return { faults, states };
  } finally {
    await connection.close();
  }
}

function faultsOf({ _id, seq, status, history, state, input, snapshot }: OrderRecord): string[] {
  const faults: string[] = [];
  const { payment, cancelled, returned } = snapshot.context;
  const paid = paidMinor(payment);
  if (!SOLD.has(state) && paid !== 0) faults.push(`${_id} is ${state} and keeps ${paid}`);
  if (SOLD.has(state) && returned === undefined && payment?.status === 'captured') {
    const due = dueMinor({ input, cancelled });
    if (paid !== due) faults.push(`${_id} paid ${paid} and was worth ${due}`);
  }
  if (status !== 'done') faults.push(`${_id} is ${status}`);
  if (history.length !== seq || history.some((entry, index) => entry.seq !== index + 1))
    faults.push(`${_id}: its history has a gap`);
  return faults;
}
