/** What every processor gets, and what all of them stand on. */
import type { OrderInput } from '../machines/order-types.ts';
import type { OrderRecord } from '../machines/order-view.ts';
import type { Clock } from '../platform/clock.ts';
import type { Notifier } from '../ports/notifier.ts';
import type { PaymentGateway } from '../ports/payment.ts';
import type { Carrier } from '../ports/shipping.ts';
import type { StockLedger } from '../ports/stock.ts';
import type { UserRepository } from '../ports/users.ts';

/** What a processor gets: the order as committed, the invocation's input, and how often it failed before. */
export interface Work<TInput> {
  record: OrderRecord;
  input: TInput;
  failedAttempts: number;
}

export interface ProcessorParts {
  stock: StockLedger;
  gateway: PaymentGateway;
  carrier: Carrier;
  notifier: Notifier;
  users: UserRepository;
  clock: Clock;
  /** Unique ids, for what a run leaves behind. */
  newId: () => string;
}

/** The products of an order, each once. */
export const skusOf = ({ lines }: OrderInput): string[] => [...new Set(lines.map(({ sku }) => sku))];
