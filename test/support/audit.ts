/** The books, read from the databases themselves: what must be true of all orders when everything is final. */

import type { OrderRecord } from '../../src/machines/order-view.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createSandboxGateway } from '../../src/providers/payment-sandbox.ts';
import { connectStore } from '../../src/store/connect.ts';
import { orderModel } from '../../src/store/order-model.ts';
import { productModel } from '../../src/store/product-model.ts';

/** What does not add up, in words; empty when every promise holds. Also the orders by state. */
export async function audit(
  mongodbUri: string,
): Promise<{ faults: string[]; states: Record<string, number> }> {
  const connection = await connectStore(mongodbUri);
  try {
    const orders = await orderModel(connection).find().lean<OrderRecord[]>();
    const products = await productModel(connection).find().lean();
    const ledger = connection.useDb(`${connection.name}_sandbox`);
    const gateway = createSandboxGateway({ connection: ledger, clock: systemClock, newId: () => '' });
    const { captured, refunded } = await gateway.totals();
    const faults = [
      ...orders.flatMap(faultsOf),
      ...(await gateway.ordersChargedTwice()).map((id) => `${id} was charged twice`),
    ];
    const completed = orders.filter(({ state }) => state === 'completed');
    const due = completed.reduce((sum, { input }) => sum + input.amountMinor, 0);
    if (captured - refunded !== due)
      faults.push(`the gateway kept ${captured - refunded}, the orders are worth ${due}`);
    const sold = new Map<string, number>();
    for (const { input } of completed)
      for (const { sku, quantity } of input.lines) sold.set(sku, (sold.get(sku) ?? 0) + quantity);
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

function faultsOf({ _id, seq, status, history }: OrderRecord): string[] {
  const faults: string[] = [];
  if (status !== 'done') faults.push(`${_id} is ${status}`);
  if (history.length !== seq || history.some((entry, index) => entry.seq !== index + 1))
    faults.push(`${_id}: its history has a gap`);
  return faults;
}
