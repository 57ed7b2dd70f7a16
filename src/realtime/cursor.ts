/** Where a list's subscriber stands: opaque to clients, checked like everything that comes from them. */
import { z } from 'zod';
import type { ChangePosition } from '../ports/order-changes.ts';

/** Everything dated at `after` or before is seen; in a long resume, also all orders up to `position`. */
export interface Cursor {
  after: Date;
  position?: ChangePosition;
}

const date = z
  .int()
  .transform((ms) => new Date(ms))
  .pipe(z.date());
const cursorSchema = z.strictObject({
  after: date,
  position: z.strictObject({ updatedAt: date, orderId: z.string().max(100) }).exactOptional(),
});

/** The cursor as clients keep it. */
export function writeCursor({ after, position }: Cursor): string {
  const plain = {
    after: after.getTime(),
    ...(position && { position: { ...position, updatedAt: position.updatedAt.getTime() } }),
  };
  return Buffer.from(JSON.stringify(plain)).toString('base64url');
}

/** What a client sends back as its cursor. */
export const cursorText = z
  .string()
  .max(500)
  .transform((text, context): Cursor => {
    try {
      return cursorSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
    } catch {
      context.addIssue({ code: 'custom', message: 'expected a cursor that this feed has given' });
      return z.NEVER;
    }
  });
