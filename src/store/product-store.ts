/** The catalogue in MongoDB. */
import { type Model, trusted } from 'mongoose';
import { TerminalError } from '../platform/errors.ts';
import type { Product, ProductRepository } from '../ports/products.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import type { ProductDocument } from './product-model.ts';
import { type MovementDocument, moveOnce } from './stock-movements.ts';

const SHOWN = { holds: 0, searchTerms: 0 };

function toProduct({ _id, ...product }: Omit<ProductDocument, 'holds' | 'searchTerms'>): Product {
  return { sku: _id, ...product };
}

const orNone = (document: ProductDocument | null) => (document ? toProduct(document) : undefined);

const searchTerms = (sku: string, name: string) => [...new Set([sku.toLowerCase(), name.toLowerCase()])];

const escapeRegExp = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Reads and writes products; stock movements of orders are the stock ledger's. */
export function createProductStore(
  model: Model<ProductDocument>,
  movements: Model<MovementDocument>,
): ProductRepository {
  const after = { returnDocument: 'after', projection: SHOWN, runValidators: true } as const;
  return {
    async create({ sku, stock, ...product }, now) {
      const document: ProductDocument = {
        _id: sku,
        ...product,
        stock: { received: stock, available: stock, held: 0, sold: 0 },
        holds: [],
        searchTerms: searchTerms(sku, product.name),
        createdAt: now,
        updatedAt: now,
      };
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

    async list({ skip, limit, search }) {
      // Anchored and escaped: it walks an index range, and no input can make it slow.
      const pattern = search === undefined ? undefined : new RegExp(`^${escapeRegExp(search.toLowerCase())}`);
      const filter = pattern ? { searchTerms: trusted({ $regex: pattern }) } : {};
      const [items, total] = await Promise.all([
        model.find(filter, SHOWN).sort({ _id: 1 }).skip(skip).limit(limit).lean<ProductDocument[]>(),
        model.countDocuments(filter),
      ]);
      return { items: items.map(toProduct), total };
    },

    async update(sku, change, now) {
      const set = {
        ...change,
        ...(change.name !== undefined && { searchTerms: searchTerms(sku, change.name) }),
        updatedAt: now,
      };
      return orNone(await model.findOneAndUpdate({ _id: sku }, { $set: set }, after).lean<ProductDocument>());
    },

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
