/** The catalogue in MongoDB. */
import { type Model, type QueryFilter, trusted } from 'mongoose';
import { TerminalError } from '../platform/errors.ts';
import type { NewProduct, Product, ProductPage, ProductRepository } from '../ports/products.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import type { ProductDocument } from './product-model.ts';
import { beginsWith, searchTerms } from './search-terms.ts';
import { type MovementDocument, moveOnce } from './stock-movements.ts';

/** Two are as ambiguous as more; one more may be there by its sku alone. */
const NAMED_MAX = 3;

const SHOWN = { holds: 0, searchTerms: 0 };

function toProduct({ _id, ...product }: Omit<ProductDocument, 'holds' | 'searchTerms'>): Product {
  return { sku: _id, ...product };
}

const orNone = (document: ProductDocument | null) => (document ? toProduct(document) : undefined);

function toDocument({ sku, stock, ...facts }: NewProduct, now: Date): ProductDocument {
  return {
    _id: sku,
    ...facts,
    stock: { received: stock, available: stock, held: 0, sold: 0 },
    holds: [],
    searchTerms: searchTerms(sku, facts.name),
    createdAt: now,
    updatedAt: now,
  };
}

const matching = (search: string | undefined): QueryFilter<ProductDocument> =>
  search === undefined ? {} : { searchTerms: beginsWith(search) };

/** What comes after that product, in that order: a range of an index, however far down the list it is. */
function following({
  after,
  orderBy = 'sku',
  descending = false,
}: ProductPage): QueryFilter<ProductDocument> {
  if (after === undefined) return {};
  const beyond = (value: unknown) => trusted(descending ? { $lt: value } : { $gt: value });
  const { sku, value } = after;
  const filter =
    orderBy === 'sku'
      ? { _id: beyond(sku) }
      : { $or: [{ [orderBy]: beyond(value) }, { [orderBy]: value, _id: beyond(sku) }] };
  return filter as QueryFilter<ProductDocument>;
}

function sorting({ orderBy = 'sku', descending = false }: ProductPage): Record<string, 1 | -1> {
  const direction = descending ? -1 : 1;
  return orderBy === 'sku' ? { _id: direction } : { [orderBy]: direction, _id: direction };
}

/** Whether the product is as given already; its stock is no part of that. */
function isAsGiven(product: ProductDocument, given: NewProduct): boolean {
  const { name, description, kind, priceMinor, currency } = given;
  const facts = { name, description, kind, priceMinor, currency };
  return Object.entries(facts).every(([key, value]) => product[key as keyof typeof facts] === value);
}

const after = { returnDocument: 'after', projection: SHOWN, runValidators: true } as const;

function stockWrites(model: Model<ProductDocument>, movements: Model<MovementDocument>) {
  return {
    async adjustStock(sku, { id, delta, by, reason }, now) {
      const enough = delta < 0 ? { 'stock.available': trusted({ $gte: -delta }) } : {};
      const update = {
        $inc: { 'stock.received': delta, 'stock.available': delta },
        $set: { updatedAt: now },
      };
      if ((await model.exists({ _id: sku })) === null) return undefined;
      const movement = { _id: `${id}/${sku}`, sku, kind: 'adjustment' as const, delta, at: now, by, reason };
      await moveOnce(movements, movement, async (session) => {
        const { matchedCount } = await model.updateOne({ _id: sku, ...enough }, update, { session });
        if (matchedCount === 0)
          throw new TerminalError('conflict', `Fewer than ${-delta} units of ${sku} are available.`);
      });
      return orNone(await model.findById(sku, SHOWN).lean<ProductDocument>());
    },

    async movements(sku, limit) {
      const found = await movements.find({ sku }).sort({ at: -1 }).limit(limit).lean<MovementDocument[]>();
      return found.map(({ _id: _, sku: __, ...movement }) => movement);
    },
  } satisfies Partial<ProductRepository>;
}

/** Reads and writes products; stock movements of orders are the stock ledger's. */
export function createProductStore(
  model: Model<ProductDocument>,
  movements: Model<MovementDocument>,
): ProductRepository {
  return {
    ...stockWrites(model, movements),

    async create(product, now) {
      const document = toDocument(product, now);
      const { sku } = product;
      try {
        await model.create(document);
      } catch (error) {
        if (!isDuplicateKey(error, '_id')) throw error;
        throw new TerminalError(
          'conflict',
          `There is a product ${sku} already; change it, or choose another sku.`,
        );
      }
      const { holds: _, searchTerms: __, ...shown } = document;
      return toProduct(shown);
    },

    async find(sku) {
      return orNone(await model.findById(sku, SHOWN).lean<ProductDocument>());
    },

    async named(name) {
      const wanted = name.toLowerCase();
      // The whole name stands second among the terms, or first where it is the sku too; the rest are ends of names.
      const found = await model
        .find({ searchTerms: wanted, $or: [{ 'searchTerms.0': wanted }, { 'searchTerms.1': wanted }] }, SHOWN)
        .limit(NAMED_MAX)
        .lean<ProductDocument[]>();
      return found.filter((product) => product.name.toLowerCase() === wanted).map(toProduct);
    },

    async list(page) {
      const filter = matching(page.search);
      const [items, total] = await Promise.all([
        model
          .find({ ...filter, ...following(page) }, SHOWN)
          .sort(sorting(page))
          .skip(page.skip)
          .limit(page.limit)
          .lean<ProductDocument[]>(),
        model.countDocuments(filter),
      ]);
      return { items: items.map(toProduct), total };
    },

    async importAll(given, now) {
      const known = await model
        .find({ _id: trusted({ $in: given.map(({ sku }) => sku) }) }, SHOWN)
        .lean<ProductDocument[]>();
      const bySku = new Map(known.map((product) => [product._id, product]));
      const changed = given.filter((product) => {
        const before = bySku.get(product.sku);
        return before === undefined || !isAsGiven(before, product);
      });
      if (changed.length === 0) return { created: 0, updated: 0, unchanged: given.length };
      const operations = changed.map((product) => {
        const { stock, holds, createdAt, _id, ...facts } = toDocument(product, now);
        const update = { $set: facts, $setOnInsert: { stock, holds, createdAt } };
        return { updateOne: { filter: { _id }, update, upsert: true } };
      });
      const { upsertedCount: created } = await model.bulkWrite(
        operations as Parameters<typeof model.bulkWrite>[0],
        { ordered: false },
      );
      return { created, updated: changed.length - created, unchanged: given.length - changed.length };
    },

    async update(sku, change, now) {
      const set = {
        ...change,
        ...(change.name !== undefined && { searchTerms: searchTerms(sku, change.name) }),
        updatedAt: now,
      };
      return orNone(await model.findOneAndUpdate({ _id: sku }, { $set: set }, after).lean<ProductDocument>());
    },

    async remove(sku) {
      const removed = await model.deleteOne({ _id: sku, 'stock.held': 0 });
      if (removed.deletedCount === 1) return true;
      if ((await model.exists({ _id: sku })) === null) return false;
      throw new TerminalError(
        'conflict',
        `Units of ${sku} are held for orders; try again when they are settled.`,
      );
    },
  };
}
