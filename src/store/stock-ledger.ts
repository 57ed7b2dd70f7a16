/** Stock movements: one conditional update a product, idempotent per order by the hold it leaves or takes. */
import { type Model, trusted } from 'mongoose';
import type { StockLedger, StockUnits } from '../ports/stock.ts';
import type { ProductDocument } from './product-model.ts';
import { type MovementDocument, moveOnce } from './stock-movements.ts';
import { groupedHolds, groupedSales, movesOn, under } from './stock-moves.ts';

/** Ends one hold, conditional on its being what it was seen to be. */
const settlementOf = (
  _id: string,
  hold: { orderId: string; quantity: number; token?: string | null },
  counter: 'available' | 'sold',
) => ({
  filter: { _id, holds: trusted({ $elemMatch: hold }) },
  update: {
    $pull: { holds: { orderId: hold.orderId } },
    $inc: { 'stock.held': -hold.quantity, [`stock.${counter}`]: hold.quantity },
  },
});

/** Stock in the product's own documents. */
export function createStockLedger(
  model: Model<ProductDocument>,
  movements: Model<MovementDocument>,
): StockLedger {
  const move = movesOn(model);
  const hold = groupedHolds(model, move);
  const sell = groupedSales(move, (orderId, units) => settle(orderId, units, 'sold'));

  /**
   * Ends the holds of an order: each with the quantity that it has, in one update conditional on it. A hold under
   * another token than the one asked for stays.
   */
  async function settle(
    orderId: string,
    units: { sku: string; token?: string | null }[],
    counter: 'available' | 'sold',
  ): Promise<void> {
    const tokens = new Map(units.map(({ sku, token }) => [sku, token]));
    const found = await model
      .find({ _id: trusted({ $in: [...tokens.keys()] }), 'holds.orderId': orderId }, { 'holds.$': 1 })
      .lean<Pick<ProductDocument, '_id' | 'holds'>[]>();
    const held = found.filter(({ _id, holds }) => {
      const token = tokens.get(_id);
      return token === undefined || token === (holds[0]?.token ?? null);
    });
    if (held.length === 0) return;
    const moved = await move(
      held.map(({ _id, holds }) =>
        settlementOf(_id, { orderId, quantity: holds[0]?.quantity ?? 0, ...under(tokens.get(_id)) }, counter),
      ),
    );
    // What was lowered meanwhile is looked at again.
    if (moved < held.length) await settle(orderId, units, counter);
  }

  /**
   * Lowers one hold to what is wanted, conditional on what it was; starts over when it has changed. A hold of nothing
   * stays until the order is settled: a validation that comes late must not hold anew what was cancelled.
   */
  async function lower(orderId: string, { sku, quantity }: StockUnits): Promise<void> {
    const product = await model
      .findOne({ _id: sku, 'holds.orderId': orderId }, { 'holds.$': 1 })
      .lean<Pick<ProductDocument, 'holds'>>();
    const held = product?.holds[0]?.quantity ?? 0;
    if (held <= quantity) return;
    const hold = { orderId, quantity: held };
    const { matchedCount } = await model.updateOne(
      { _id: sku, holds: trusted({ $elemMatch: hold }) },
      {
        $set: { 'holds.$.quantity': quantity },
        $inc: { 'stock.available': held - quantity, 'stock.held': quantity - held },
      },
    );
    if (matchedCount === 0) await lower(orderId, { sku, quantity });
  }

  return {
    hold: (orderId, claims, now, token) => hold({ orderId, claims, now, token }),

    async keep(orderId, units) {
      await Promise.all(units.map((each) => lower(orderId, each)));
    },

    async restock({ key, orderId, units }, now) {
      for (const { sku, quantity } of units) {
        const movement = { sku, kind: 'return' as const, delta: quantity, at: now, orderId };
        await moveOnce(movements, { _id: `${key}/${sku}`, ...movement }, async (session) => {
          const update = { $inc: { 'stock.sold': -quantity, 'stock.available': quantity } };
          await model.updateOne({ _id: sku }, update, { session });
        });
      }
    },

    release: (orderId, skus) =>
      settle(
        orderId,
        skus.map((sku) => ({ sku })),
        'available',
      ),

    sell: (orderId, units) => sell({ orderId, units }),

    async holdersBefore(before, limit) {
      const products = await model
        // No index stands behind this: it would be rewritten at every movement, for a question asked twice a minute.
        .find({ 'stock.held': trusted({ $gt: 0 }), 'holds.heldAt': trusted({ $lt: before }) }, { holds: 1 })
        .limit(limit)
        .lean<Pick<ProductDocument, '_id' | 'holds'>[]>();
      const holders = new Map<string, string[]>();
      for (const { _id, holds } of products)
        for (const { orderId, heldAt } of holds)
          if (heldAt < before) holders.set(orderId, [...(holders.get(orderId) ?? []), _id]);
      return [...holders].slice(0, limit).map(([orderId, skus]) => ({ orderId, skus }));
    },
  };
}
