/** Orders to test with. */

import { begin } from '../../src/actors/decide.ts';
import { defineActor } from '../../src/actors/definition.ts';
import { createVersions } from '../../src/actors/versions.ts';
import { orderMachine } from '../../src/machines/order-machine.ts';
import type { OrderInput } from '../../src/machines/order-types.ts';
import { orderMachines, orderMigrations } from '../../src/machines/order-versions.ts';
import type { OrderRecord } from '../../src/machines/order-view.ts';

export const definition = defineActor(orderMachine);
export const versions = createVersions(orderMachines, orderMigrations);
export const leases = { leaseMs: 30_000 };
export const START = new Date('2026-01-01T00:00:00.000Z');

/** What is other than ordinary about an order; undefined leaves a fact out. */
export type OrderChanges = { [TName in keyof OrderInput]?: OrderInput[TName] | undefined };

/** The facts of an ordinary order of two lines. */
function orderInput(orderId: string, changes: OrderChanges = {}): OrderInput {
  const facts = {
    orderId,
    customerId: 'customer-1',
    currency: 'EUR',
    lines: [
      { sku: 'CUP', quantity: 2, unitPriceMinor: 500 },
      { sku: 'POT', quantity: 1, unitPriceMinor: 1500 },
    ],
    amountMinor: 2500,
    pricing: 'catalogue',
    shippingAddress: {
      name: 'Ada',
      street: '12 St James Square',
      city: 'London',
      postalCode: 'SW1Y 4JH',
      country: 'GB',
    },
    paymentToken: 'tok_approve',
    fulfilment: 'automatic',
    onDecline: 'end',
    policy: {
      paymentOverdueMs: 900_000,
      shippingOverdueMs: 86_400_000,
      unpaidExpiryMs: 172_800_000,
      parcelUnits: 100,
    },
    ...changes,
  };
  return Object.fromEntries(
    Object.entries(facts).filter(([, value]) => value !== undefined),
  ) as unknown as OrderInput;
}

/** A placed order at seq 1. */
export function placedOrder(orderId = 'order-1', changes: OrderChanges = {}): OrderRecord {
  const by = { role: 'customer', userId: 'customer-1' };
  const idempotency = { key: `customer-1/${orderId}`, fingerprint: 'f' };
  const actor = { _id: orderId, input: orderInput(orderId, changes), idempotency };
  return begin(definition, actor, { type: 'order.placed', by }, START, leases) as OrderRecord;
}
