/** Stock with the crash points of the real ledger: one product is one atomic step, and several are not. */
import type { Holding, SaleUnits, StockClaim, StockLedger, StockUnits } from '../../src/ports/stock.ts';
import type { Outside, SimulatedProduct } from './outside.ts';
import type { Caller } from './scheduler.ts';

const holdersIn = (products: Outside['products'], before: Date) =>
  [...products].flatMap(([sku, { holds }]) =>
    [...holds]
      .filter(([, { atMs }]) => atMs < before.getTime())
      .map(([orderId]) => ({ orderId, skus: [sku] })),
  );

/** The order's hold under that token, or under any. */
function holdIn({ holds }: SimulatedProduct, orderId: string, token: string | null | undefined) {
  const hold = holds.get(orderId);
  return token === undefined || hold?.token === token ? hold : undefined;
}

/** Holds it, once; the token that it is held under then, undefined when there is not enough of it. */
function holdOn(
  product: SimulatedProduct,
  orderId: string,
  hold: { quantity: number; atMs: number; token: string },
): string | undefined {
  const earlier = product.holds.get(orderId);
  if (earlier) return earlier.token;
  if (product.available < hold.quantity) return undefined;
  product.available -= hold.quantity;
  product.holds.set(orderId, hold);
  return hold.token;
}

/** What a run came to, by the tokens that its claims are held under. */
function holdingOf(claims: StockClaim[], tokens: (string | undefined)[], own: string): Holding {
  const short = claims.filter((_, index) => tokens[index] === undefined);
  const shortfalls = short.map(({ sku }) => ({ sku, code: 'out_of_stock' as const, available: 0 }));
  const others = claims.flatMap(({ sku }, index) => {
    const token = tokens[index];
    return token === undefined || token === own ? [] : [{ sku, token }];
  });
  return { shortfalls, heldSome: short.length < claims.length, ...(others.length > 0 && { others }) };
}

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
    token?: string | null,
  ): Promise<void> {
    for (;;) {
      const seen = await onOne(sku, `${name}.look`, (product) => holdIn(product, orderId, token)?.quantity);
      if (seen === undefined) return;
      const isDone = await onOne(sku, name, (product) => {
        const hold = holdIn(product, orderId, token);
        if (hold?.quantity !== seen) return hold === undefined;
        effect(product, seen);
        return true;
      });
      if (isDone) return;
    }
  }

  const settle = async (
    orderId: string,
    units: { sku: string; token?: SaleUnits['token'] }[],
    counter: 'available' | 'sold',
  ) => {
    const settleOne = (product: SimulatedProduct, held: number) => {
      product.holds.delete(orderId);
      product[counter] += held;
    };
    await Promise.all(
      units.map(({ sku, token }) => change(orderId, sku, `stock.${counter}`, settleOne, token)),
    );
  };

  const holdOne = (orderId: string, { sku, quantity }: StockClaim, token: string) =>
    onOne(sku, 'stock.hold', (product) =>
      holdOn(product, orderId, { quantity, atMs: clock.now().getTime(), token }),
    );

  const lowerOne = (orderId: string, { sku, quantity }: StockUnits) =>
    change(orderId, sku, 'stock.keep', (product, held) => {
      const hold = product.holds.get(orderId);
      if (hold === undefined || held <= quantity) return;
      hold.quantity = quantity;
      product.available += held - quantity;
    });

  return {
    async hold(orderId, claims, _now, token) {
      const tokens = await Promise.all(claims.map((claim) => holdOne(orderId, claim, token)));
      return holdingOf(claims, tokens, token);
    },
    release: (orderId, skus) =>
      settle(
        orderId,
        skus.map((sku) => ({ sku })),
        'available',
      ),
    sell: (orderId, units) => settle(orderId, units, 'sold'),
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
