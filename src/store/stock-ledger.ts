/** Stock movements: one conditional update a product, idempotent per order by the hold it leaves or takes. */
import { type Model, trusted } from 'mongoose';
import type { Shortfall, StockClaim, StockLedger, StockUnits } from '../ports/stock.ts';
import type { ProductDocument } from './product-model.ts';
import { type MovementDocument, moveOnce } from './stock-movements.ts';

/** Matches the product while it is what the order takes it for, and has enough, and is not held for it yet. */
function holdable(orderId: string, { sku, quantity, currency, pricesMinor }: StockClaim) {
  return {
    _id: sku,
    kind: 'goods',
    currency,
    // Two prices for one product can never both be the catalogue's.
    ...(pricesMinor && { priceMinor: pricesMinor.length === 1 ? pricesMinor[0] : -1 }),
    'stock.available': trusted({ $gte: quantity }),
    'holds.orderId': trusted({ $ne: orderId }),
  };
}

function whyNot(claim: StockClaim, product: ProductDocument | undefined): Shortfall {
  const { sku, currency, pricesMinor } = claim;
  if (product === undefined) return { sku, code: 'unknown_product' };
  if (product.kind !== 'goods') return { sku, code: 'not_goods' };
  if (product.currency !== currency) return { sku, code: 'currency_changed', currency: product.currency };
  const { priceMinor, stock } = product;
  if (pricesMinor?.some((price) => price !== priceMinor)) return { sku, code: 'price_changed', priceMinor };
  // What was short a moment ago and is not now has changed meanwhile: it was short when it counted.
  return { sku, code: 'out_of_stock', available: stock.available };
}

/** Ends one hold, conditional on its being what it was seen to be. */
const settlementOf = (
  _id: string,
  hold: { orderId: string; quantity: number },
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
  type Operations = Parameters<typeof model.bulkWrite>[0];
  type Movement = { filter: object; update: object };

  const move = (movements: Movement[]) =>
    model.bulkWrite(movements.map((updateOne) => ({ updateOne })) as Operations, {
      ordered: false,
      timestamps: false,
    });

  /** Ends the holds of an order: each with the quantity that it has, in one update conditional on it. */
  async function settle(orderId: string, skus: string[], counter: 'available' | 'sold'): Promise<void> {
    const held = await model
      .find({ _id: trusted({ $in: skus }), 'holds.orderId': orderId }, { 'holds.$': 1 })
      .lean<{ _id: string; holds: { quantity: number }[] }[]>();
    if (held.length === 0) return;
    const { modifiedCount } = await move(
      held.map(({ _id, holds }) =>
        settlementOf(_id, { orderId, quantity: holds[0]?.quantity ?? 0 }, counter),
      ),
    );
    // What was lowered meanwhile is looked at again.
    if (modifiedCount < held.length) await settle(orderId, skus, counter);
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
    async hold(orderId, claims, now) {
      const moved = await move(
        claims.map((claim) => ({
          filter: holdable(orderId, claim),
          update: {
            $inc: { 'stock.available': -claim.quantity, 'stock.held': claim.quantity },
            $push: { holds: { orderId, quantity: claim.quantity, heldAt: now } },
          },
        })),
      );
      if (moved.modifiedCount === claims.length) return { shortfalls: [], heldSome: true };
      const skus = claims.map(({ sku }) => sku);
      const held = await model.distinct('_id', { _id: trusted({ $in: skus }), 'holds.orderId': orderId });
      const missing = claims.filter(({ sku }) => !held.includes(sku));
      const products = await model
        .find({ _id: trusted({ $in: missing.map(({ sku }) => sku) }) }, { holds: 0 })
        .lean<ProductDocument[]>();
      const found = new Map(products.map((product) => [product._id, product]));
      return {
        shortfalls: missing.map((claim) => whyNot(claim, found.get(claim.sku))),
        heldSome: held.length > 0,
      };
    },

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

    release: (orderId, skus) => settle(orderId, skus, 'available'),

    sell: (orderId, skus) => settle(orderId, skus, 'sold'),

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
