/** The document of an order, as MongoDB keeps it. */
import { type Connection, type Model, Schema } from 'mongoose';
import type { OrderRecord } from '../machines/order-view.ts';

/** What lists stand on, and no reader of a record needs. */
export const HIDDEN = { searchTerms: 0 } as const;

/** What is stored is what the runtime made: the machine's parts are kept as they are. */
const asIs = { type: Schema.Types.Mixed, required: true };

const orderSchema = new Schema(
  {
    _id: { type: String, required: true },
    machine: asIs,
    seq: { type: Number, required: true },
    state: { type: String, required: true },
    status: { type: String, enum: ['active', 'done', 'quarantined'], required: true },
    input: asIs,
    snapshot: asIs,
    allowedCommands: { type: [String], required: true },
    invocations: asIs,
    timers: asIs,
    publications: asIs,
    sweepAt: Date,
    history: asIs,
    idempotency: Schema.Types.Mixed,
    quarantine: Schema.Types.Mixed,
    archivedAt: Date,
    searchTerms: [String],
    placedAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
  },
  // Without `minimize: false` an empty context would vanish; a field unknown to the schema is a mistake.
  { collection: 'orders', versionKey: false, minimize: false, strict: 'throw', id: false },
);

/** The model of orders on that connection. */
export function orderModel(connection: Connection): Model<OrderRecord> {
  return connection.model<OrderRecord>('Order', orderSchema as unknown as Schema<OrderRecord>);
}
