/** Placing an order: for whom, at whose prices, and once for each idempotency key. */
import { hash } from 'node:crypto';
import { TerminalError } from '../platform/errors.ts';
import type { Answered, OrderActors } from '../ports/order-actors.ts';
import type { ProductRepository } from '../ports/products.ts';
import type { UserRepository } from '../ports/users.ts';
import { isOperator } from './context.ts';
import { InvalidRequest } from './faults.ts';
import type { OrderBody } from './schemas.ts';
import { type ShortOrderBody, toOrderBody } from './short-order.ts';
import type { Viewer } from './tokens.ts';

/**
 * Places the order that a validated body describes; the same key and body again gives the first one back.
 * @throws TerminalError `idempotency-key-missing`, `idempotency-key-reused`, `forbidden`, `invalid-request`.
 */
export type Placing = (
  viewer: Viewer,
  key: string | undefined,
  body: OrderBody | ShortOrderBody,
) => Promise<Answered>;

/** Makes the placing of orders over those actors and users; the catalogue knows what a short form means. */
export function createPlacing(
  orders: OrderActors,
  users: UserRepository,
  products: Pick<ProductRepository, 'named' | 'find'>,
): Placing {
  return async function place(viewer, key, given) {
    if (key === undefined) throw new TerminalError('idempotency-key-missing', '');
    const by = { role: viewer.role, userId: viewer.userId };
    // Of the body that came: whatever the catalogue makes of a short form later, it is the same request.
    const idempotencyOf = (customerId: string) => ({
      key,
      fingerprint: fingerprintOf({ ...given, customerId }),
    });
    if ('product_name' in given) {
      const record = await orders.replay({ by, idempotency: idempotencyOf(viewer.userId) });
      if (record !== undefined) return { record, replayed: true };
    }
    const body = 'product_name' in given ? await toOrderBody(products, given) : given;
    const { customerId = viewer.userId, pricing, payment, ...facts } = body;
    if (!isOperator(viewer)) {
      if (customerId !== viewer.userId) throw operatorsOnly('customerId');
      if (pricing !== 'catalogue') throw operatorsOnly('pricing');
      if (facts.fulfilment !== 'automatic') throw operatorsOnly('fulfilment');
    }
    if (customerId !== viewer.userId && !(await users.findById(customerId))) {
      throw new InvalidRequest([{ pointer: '/customerId', code: 'unknown_customer' }]);
    }
    return orders.place({
      ...facts,
      customerId,
      pricing,
      ...(payment.token !== undefined && { paymentToken: payment.token }),
      onDecline: payment.onDecline,
      by,
      idempotency: idempotencyOf(customerId),
    });
  };
}

function operatorsOnly(field: string): TerminalError {
  return new TerminalError('forbidden', `Only operators may give "${field}".`);
}

/** A hash of the validated body, whatever the order of its keys. */
function fingerprintOf(body: object): string {
  return hash('sha256', JSON.stringify(sorted(body)), 'base64url');
}

/** The same with the keys of every object in order. */
function sorted(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(sorted);
  const given = value as Record<string, unknown>;
  const inOrder: Record<string, unknown> = {};
  for (const key of Object.keys(given).sort()) inOrder[key] = sorted(given[key]);
  return inOrder;
}
