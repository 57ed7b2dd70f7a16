/** Stock with the crash points of the real ledger: one product is one atomic step, and several are not. */
import type { StockClaim, StockLedger, StockUnits } from '../../src/ports/stock.ts';
import type { Outside, SimulatedProduct } from './outside.ts';
import type { Caller } from './scheduler.ts';

const holdersIn = (products: Outside['products'], before: Date) =>
  [...products].flatMap(([sku, { holds }]) =>
    [...holds]
      .filter(([, { atMs }]) => atMs < before.getTime())
      .map(([orderId]) => ({ orderId, skus: [sku] })),
  );

/** The ledger as one process reaches it. */
export function stockFor({ scheduler, products, clock }: Outside, caller: Caller): StockLedger {
  const onOne = <T>(sku: string, name: string, effect: (product: SimulatedProduct) => T) =>
    scheduler.call(
      caller,
      name,
      () => {
        const product = products.get(sku);
        if (product === undefined) throw new Error(`there is no product ${sku}`);
        return effect(product);
      },
      true,
    );

  /** Looks, then writes on condition of what was seen; starts over when it has changed. */
  async function change(
    orderId: string,
    sku: string,
    name: string,
    effect: (product: SimulatedProduct, held: number) => void,
  ): Promise<void> {
    for (;;) {
      const seen = await onOne(sku, `${name}.look`, ({ holds }) => holds.get(orderId)?.quantity);
      if (seen === undefined) return;
      const isDone = await onOne(sku, name, (product) => {
        if (product.holds.get(orderId)?.quantity !== seen) return !product.holds.has(orderId);
        effect(product, seen);
        return true;
      });
      if (isDone) return;
    }
  }

  const settle = async (orderId: string, skus: string[], counter: 'available' | 'sold') =>
    void (await Promise.all(
      skus.map((sku) =>
        change(orderId, sku, `stock.${counter}`, (product, held) => {
          product.holds.delete(orderId);
          product[counter] += held;
        }),
      ),
    ));

  const holdOne = (orderId: string, { sku, quantity }: StockClaim) =>
    onOne(sku, 'stock.hold', (product) => {
      if (product.holds.has(orderId)) return true;
      if (product.available < quantity) return false;
      product.available -= quantity;
      product.holds.set(orderId, { quantity, atMs: clock.now().getTime() });
      return true;
    });

  const lowerOne = (orderId: string, { sku, quantity }: StockUnits) =>
    change(orderId, sku, 'stock.keep', (product, held) => {
      const hold = product.holds.get(orderId);
      if (hold === undefined || held <= quantity) return;
      hold.quantity = quantity;
      product.available += held - quantity;
    });

  return {
    async hold(orderId, claims) {
      const held = await Promise.all(claims.map((claim) => holdOne(orderId, claim)));
      const short = claims.filter((_, index) => !held[index]);
      const shortfalls = short.map(({ sku }) => ({ sku, code: 'out_of_stock' as const, available: 0 }));
      return { shortfalls, heldSome: short.length < claims.length };
    },
    release: (orderId, skus) => settle(orderId, skus, 'available'),
    sell: (orderId, units) =>
      settle(
        orderId,
        units.map(({ sku }) => sku),
        'sold',
      ),
    keep: async (orderId, units) => void (await Promise.all(units.map((each) => lowerOne(orderId, each)))),
    async restock({ key, orderId, units }) {
      for (const { sku, quantity } of units)
        await onOne(sku, 'stock.restock', (product) => {
          if (product.returns.has(key)) return;
          product.returns.set(key, { orderId, quantity });
          product.sold -= quantity;
          product.available += quantity;
        });
    },
    holdersBefore: (before) => scheduler.call(caller, 'stock.holders', () => holdersIn(products, before)),
  };
}
