/** The stock movements of the hot path: those of many orders in one round trip, each conditional on its product. */
import { type Model, type mongo, trusted } from 'mongoose';
import type { Holding, SaleUnits, Shortfall, StockClaim } from '../ports/stock.ts';
import { type GroupWrite, groupWrites } from './group-writes.ts';
import type { ProductDocument } from './product-model.ts';
import { type ConditionalUpdate, updateEach } from './update-each.ts';

/** Matches the product while it is what the order takes it for, and has enough, and is not held for it yet. */
function holdable(orderId: string, { sku, quantity, currency, pricesMinor }: StockClaim) {
  return {
    _id: sku,
    kind: 'goods',
    currency,
    // Two prices for one product can never both be the catalogue's.
    ...(pricesMinor && { priceMinor: pricesMinor.length === 1 ? pricesMinor[0] : -1 }),
    'stock.available': { $gte: quantity },
    'holds.orderId': { $ne: orderId },
  };
}

/** What a hold under that token matches; any hold does when no token is asked for. */
export const under = (token: string | null | undefined) => (token === undefined ? {} : { token });

/** Turns a hold of just that quantity into sold units. */
const sale = (orderId: string, { sku, quantity, token }: SaleUnits) => ({
  filter: { _id: sku, holds: { $elemMatch: { orderId, quantity, ...under(token) } } },
  update: {
    $pull: { holds: { orderId } },
    $inc: { 'stock.held': -quantity, 'stock.sold': quantity },
  },
});

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

/** A wish to hold stock. */
export interface HoldRequest {
  orderId: string;
  claims: StockClaim[];
  now: Date;
  token: string;
}

/** A hold to be turned into sold units. */
export interface SaleRequest {
  orderId: string;
  units: SaleUnits[];
}

const GROUP_MAX = 100;

/** Conditional updates of products; how many found theirs, and so changed it. */
export type Move = (movements: { filter: object; update: object }[]) => Promise<number>;

/** Movements on the collection of that model. */
export function movesOn(model: Model<ProductDocument>): Move {
  const collection = model.collection as unknown as mongo.Collection<ProductDocument>;
  return (movements) => updateEach(collection, movements as ConditionalUpdate<ProductDocument>[]);
}

/** What a group that did not go through as a whole came to for one of its orders. */
async function holdingOf(
  model: Model<ProductDocument>,
  { orderId, claims, token }: HoldRequest,
): Promise<Holding> {
  const skus = claims.map(({ sku }) => sku);
  const held = await model
    .find({ _id: trusted({ $in: skus }), 'holds.orderId': orderId }, { 'holds.$': 1 })
    .lean<Pick<ProductDocument, '_id' | 'holds'>[]>();
  const others = held
    .map(({ _id, holds }) => ({ sku: _id, token: holds[0]?.token ?? null }))
    .filter((other) => other.token !== token);
  const missing = claims.filter(({ sku }) => !held.some(({ _id }) => _id === sku));
  if (missing.length === 0) return { shortfalls: [], heldSome: true, ...(others.length > 0 && { others }) };
  const products = await model
    .find({ _id: trusted({ $in: missing.map(({ sku }) => sku) }) }, { holds: 0 })
    .lean<ProductDocument[]>();
  const found = new Map(products.map((product) => [product._id, product]));
  return {
    shortfalls: missing.map((claim) => whyNot(claim, found.get(claim.sku))),
    heldSome: held.length > 0,
  };
}

/** Holding for many orders at once. What is held of one order does not depend on the others. */
export const groupedHolds = (model: Model<ProductDocument>, move: Move): GroupWrite<HoldRequest, Holding> =>
  groupWrites(async (requests) => {
    const movements = requests.flatMap(({ orderId, claims, now, token }) =>
      claims.map((claim) => ({
        filter: holdable(orderId, claim),
        update: {
          $inc: { 'stock.available': -claim.quantity, 'stock.held': claim.quantity },
          $push: { holds: { orderId, quantity: claim.quantity, heldAt: now, token } },
        },
      })),
    );
    if ((await move(movements)) === movements.length)
      return requests.map(() => ({ shortfalls: [], heldSome: true }));
    return Promise.all(requests.map((request) => holdingOf(model, request)));
  }, GROUP_MAX);

/** Selling for many orders at once. @param settle what is done one by one where a guess of `units` was wrong */
export const groupedSales = (
  move: Move,
  settle: (orderId: string, units: SaleUnits[]) => Promise<void>,
): GroupWrite<SaleRequest, undefined> =>
  groupWrites(async (sales) => {
    const movements = sales.flatMap(({ orderId, units }) => units.map((each) => sale(orderId, each)));
    if ((await move(movements)) !== movements.length)
      for (const { orderId, units } of sales) await settle(orderId, units);
    return sales.map(() => undefined);
  }, GROUP_MAX);
