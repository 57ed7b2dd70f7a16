/** Every version of the order's machine that is loaded, and the way from each to the next. Pure. */
import type { DurableSnapshot, Migration } from './actor-record.ts';
import { orderMachine } from './order-machine.ts';
import { type OrderContextV1, orderMachineV1 } from './order-machine-v1.ts';
import { orderMachineV2 } from './order-machine-v2.ts';
import type { OrderContext, OrderInput, Payment } from './order-types.ts';

type ContextV2 = Omit<OrderContext, 'input'>;

const UNPAID = new Set(['validating']);

/** Version 1 charged an order's whole amount at once, and gave it back whole. */
function paymentOf({ payment }: OrderContextV1, { amountMinor }: OrderInput): Payment | undefined {
  if (payment === undefined) return undefined;
  const refundedMinor = payment.status === 'refunded' ? amountMinor : 0;
  return { ...payment, capturedMinor: amountMinor, refundedMinor };
}

/**
 * From version 1: the states of the same name. What has ended stays at its end, and what completed can come back.
 * Its keys at the gateway and the carrier stay the same, and so does all work and every deadline in flight.
 */
function toVersion2({ value, context, status }: DurableSnapshot, facts: unknown): DurableSnapshot<ContextV2> {
  const input = facts as OrderInput;
  const before = context as OrderContextV1;
  const { chargeAttempt, shipment, confirmation, ending, reason, stuckIn } = before;
  const payment = paymentOf(before, input);
  return {
    value,
    status: value === 'completed' ? 'active' : status,
    context: {
      chargeAttempt,
      ...(!UNPAID.has(String(value)) && { chargeMinor: input.amountMinor }),
      ...(payment && { payment }),
      ...(shipment && { shipments: [{ ...shipment, status: 'booked' as const }] }),
      ...(confirmation && { confirmation }),
      ...(ending && { ending }),
      ...(reason && { reason }),
      ...(stuckIn && { stuckIn }),
    },
  };
}

/** From version 2: the same states and the same facts. What is new begins with the next step. */
const toVersion3 = (snapshot: DurableSnapshot): DurableSnapshot => snapshot;

/** The machines by age: new orders run on the last. */
export const orderMachines = [orderMachineV1, orderMachineV2, orderMachine];

/** One step from each version to the next. */
export const orderMigrations: Migration[] = [
  { from: '1', to: '2', migrate: toVersion2 },
  { from: '2', to: '3', migrate: toVersion3 },
];
