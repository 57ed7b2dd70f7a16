/** The document of a product, its stock and the holds on it, as MongoDB keeps it. */
import { type Connection, type Model, Schema } from 'mongoose';
import type { Product } from '../ports/products.ts';

/** Units kept for one order until they are sold or given back. */
export interface Hold {
  orderId: string;
  quantity: number;
  heldAt: Date;
  /** Of the run that made it; absent in those from before there were tokens. */
  token?: string;
}

/** The stored form: the sku is the id; the holds stand in the document, so that one write moves both. */
export interface ProductDocument extends Omit<Product, 'sku'> {
  _id: string;
  /** The sku, and the name from each word on, for searching by their beginnings. */
  searchTerms: string[];
  holds: Hold[];
}

const count = { type: Number, required: true, min: 0 };

const productSchema = new Schema(
  {
    _id: { type: String, required: true },
    name: { type: String, required: true },
    description: { type: String, default: '' },
    kind: { type: String, enum: ['goods', 'charge'], required: true },
    priceMinor: count,
    currency: { type: String, required: true },
    stock: { received: count, available: count, held: count, sold: count },
    holds: {
      type: [{ _id: false, orderId: String, quantity: Number, heldAt: Date, token: String }],
      required: true,
    },
    searchTerms: { type: [String], required: true },
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
  },
  { collection: 'products', versionKey: false, strict: 'throw', id: false },
);

/** The model of products on that connection. */
export function productModel(connection: Connection): Model<ProductDocument> {
  return connection.model<ProductDocument>('Product', productSchema as unknown as Schema<ProductDocument>);
}
