// What the adapter of the engine, the bare loop and the other parts of the benchmark share: the API, and the books.
import { makeOrder } from './orders.mjs';
import { waitFor } from './util.mjs';

const EXAMPLES = 20, KEYS_AT_ONCE = 500;

/** The catalogue's price, for the engine refuses an order that names another one. */
export const priceOf = (sku) => 500 + ((Number(sku.slice(-5)) * 37) % 5000);

/** The order as our API takes it; its name is its token, its reference and its idempotency key. */
export function orderRequest(order, token) {
  const { id, currency, shippingAddress } = order;
  const lines = order.lines.map(({ sku, quantity }) => ({ sku, quantity, unitPriceMinor: priceOf(sku) }));
  return {
    path: '/api/v1/orders',
    headers: { authorization: `Bearer ${token}`, 'idempotency-key': id },
    body: JSON.stringify({ currency, lines, shippingAddress, payment: { token: id }, reference: id }),
  };
}

/** Whose order it is, by the number at the end of its name. */
export const placer = (people, id) => people[Number(id.slice(id.lastIndexOf('-') + 1)) % people.length];

/** The catalogue, by the API. */
export async function stockShop(url, operator, products) {
  for (const { sku, stock } of products) {
    const body = JSON.stringify({ sku, name: `Product ${sku}`, priceMinor: priceOf(sku), currency: 'EUR', stock });
    const res = await fetch(`${url}/api/v1/products`, { method: 'POST', body, headers: { 'content-type': 'application/json', authorization: `Bearer ${operator.token}` } });
    if (res.status !== 201) throw new Error(`POST /products: HTTP ${res.status} ${await res.text()}`);
  }
}

/** How the units of the shop stand; throws where a product's do not add up. */
export async function unitsOf(db) {
  const sum = { available: 0, held: 0, sold: 0 };
  for (const { _id, stock } of await db.collection('products').find({}, { projection: { stock: 1 } }).toArray()) {
    if (stock.received !== stock.available + stock.held + stock.sold) throw new Error(`${_id}: ${JSON.stringify(stock)} does not add up`);
    for (const k of Object.keys(sum)) sum[k] += stock[k];
  }
  return sum;
}

/** How many of the orders with those idempotency keys stand in that state. */
export async function countOrders(db, people, ids, state) {
  let n = 0;
  for (let i = 0; i < ids.length; i += KEYS_AT_ONCE) {
    const keys = ids.slice(i, i + KEYS_AT_ONCE).map((id) => `${placer(people, id).id}/${id}`);
    n += await db.collection('orders').countDocuments({ 'idempotency.key': { $in: keys }, state });
  }
  return n;
}

/** A few orders by the API, read back as they are stored when they are completed. */
export async function exampleOrders(url, db, people, count = EXAMPLES) {
  const ids = Array.from({ length: count }, (_, i) => `example-${i}`);
  for (const [i, id] of ids.entries()) {
    const { path, headers, body } = orderRequest(makeOrder('example', i), placer(people, id).token);
    const res = await fetch(url + path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
    if (res.status !== 201) throw new Error(`POST ${path}: HTTP ${res.status} ${await res.text()}`);
  }
  const settled = async () => (await countOrders(db, people, ids, 'completed')) === count && (await unitsOf(db)).held === 0;
  await waitFor(settled, { what: 'the examples to complete' });
  // What follows the last transition, such as its acknowledgement, belongs to the stored shape.
  await waitFor(async () => (await db.collection('orders').countDocuments({ state: 'completed', sweepAt: { $exists: true } })) === 0, { what: 'the examples to rest' });
  const found = await db.collection('orders').find({ state: 'completed' }).limit(count).toArray();
  return found.map((order) => ({ name: order.input.reference, order }));
}
