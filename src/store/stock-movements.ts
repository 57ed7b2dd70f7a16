/** The record of what returns and operators move: each movement once, together with the stock that it changes. */
import { type ClientSession, type Connection, type Model, Schema } from 'mongoose';
import type { StockMovement } from '../ports/products.ts';
import { isDuplicateKey } from './duplicate-key.ts';

/** The stored form; the id is the movement's idempotency key and its product. */
export interface MovementDocument extends StockMovement {
  _id: string;
  sku: string;
}

const movementSchema = new Schema(
  {
    _id: { type: String, required: true },
    sku: { type: String, required: true },
    kind: { type: String, enum: ['adjustment', 'return'], required: true },
    delta: { type: Number, required: true },
    at: { type: Date, required: true },
    by: String,
    reason: String,
    orderId: String,
  },
  { collection: 'stock_movements', versionKey: false, strict: 'throw', id: false },
);

/** The model of stock movements on that connection. */
export function movementModel(connection: Connection): Model<MovementDocument> {
  return connection.model<MovementDocument>(
    'StockMovement',
    movementSchema as unknown as Schema<MovementDocument>,
  );
}

/**
 * Records the movement and does what belongs to it, both or neither; what was recorded before is not done again.
 * @param apply changes the product within the session; throwing undoes the record too
 */
export async function moveOnce(
  movements: Model<MovementDocument>,
  movement: MovementDocument,
  apply: (session: ClientSession) => Promise<void>,
): Promise<void> {
  try {
    await movements.db.transaction(
      async (session) => {
        await movements.create([movement], { session });
        await apply(session);
      },
      { writeConcern: { w: 'majority', journal: true } },
    );
  } catch (error) {
    if (!isDuplicateKey(error, '_id')) throw error;
  }
}
