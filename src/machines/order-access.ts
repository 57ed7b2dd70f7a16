/** Who may see an order: one rule for reading, watching and listing. */
import type { Role } from './order-types.ts';
import type { OrderRecord } from './order-view.ts';

/** Whether that viewer may see the order: customers their own, operators and administrators all. */
export function mayWatch(viewer: { role: Role; userId: string }, record: OrderRecord): boolean {
  return viewer.role !== 'customer' || record.input.customerId === viewer.userId;
}
