/** The short form of an order, as the oldest API has it: one product by its name, its price as people write it. */
import { z } from 'zod';
import type { Address } from '../machines/order-types.ts';
import { toMinor } from '../platform/currency.ts';
import type { Product, ProductRepository } from '../ports/products.ts';
import { InvalidRequest } from './faults.ts';
import { type OrderBody, PRICE_MINOR_MAX, QUANTITY_MAX, shippingAddress, text } from './schemas.ts';

/** In major units, such as 19.99, as a number or a text. */
const price = z.union([
  z.string().regex(/^\d{1,10}(\.\d{1,8})?$/, 'invalid'),
  z
    .number()
    .positive('price_not_positive')
    .max(PRICE_MINOR_MAX)
    // What a client wrote as 19.99 is the shortest text of its double; exponents are no prices.
    .refine((given) => /^\d+(\.\d{1,8})?$/.test(String(given)), 'invalid'),
]);

export const shortOrderBody = z.strictObject({
  product_name: text(200),
  quantity: z.int().min(1, 'quantity_not_positive').max(QUANTITY_MAX),
  /** Of one unit. */
  price,
  /** An object, or a line of `name, street, city, postal code, country`. */
  shipping_address: z.union([shippingAddress, text(700)]),
  /** Without it the order waits to be paid. */
  payment_token: text(200).exactOptional(),
});

/** The validated short form. */
export type ShortOrderBody = z.output<typeof shortOrderBody>;

/**
 * The same order in full. The price is what the client takes it to be: as with every order, the stock is held at the
 * catalogue's alone.
 * @throws InvalidRequest when there is no such product, or no such price or address
 */
export async function toOrderBody(
  products: Pick<ProductRepository, 'named' | 'find'>,
  body: ShortOrderBody,
): Promise<OrderBody> {
  const { sku, currency } = await productOf(products, body.product_name);
  const unitPriceMinor = toMinor(String(body.price), currency);
  if (unitPriceMinor === undefined) throw fault('/price', 'too_many_decimals');
  if (unitPriceMinor < 1) throw fault('/price', 'price_not_positive');
  if (unitPriceMinor > PRICE_MINOR_MAX || unitPriceMinor * body.quantity > Number.MAX_SAFE_INTEGER)
    throw fault('/price', 'amount_too_large');
  const { payment_token: token } = body;
  return {
    currency,
    lines: [{ sku, quantity: body.quantity, unitPriceMinor }],
    shippingAddress: addressOf(body.shipping_address),
    payment: { onDecline: 'end', ...(token !== undefined && { token }) },
    fulfilment: 'automatic',
    pricing: 'catalogue',
  };
}

const fault = (pointer: string, code: InvalidRequest['faults'][number]['code']) =>
  new InvalidRequest([{ pointer, code }]);

async function productOf(
  products: Pick<ProductRepository, 'named' | 'find'>,
  name: string,
): Promise<Product> {
  const [one, another] = await products.named(name);
  if (another) throw fault('/product_name', 'ambiguous_product');
  const product = one ?? (await products.find(name));
  if (product === undefined) throw fault('/product_name', 'unknown_product');
  return product;
}

function addressOf(given: ShortOrderBody['shipping_address']): Address {
  if (typeof given !== 'string') return given;
  const parts = given.split(',').map((part) => part.trim());
  const [country, postalCode, city, ...streetAndName] = parts.toReversed();
  const [name, ...street] = streetAndName.toReversed();
  const address = { name, street: street.join(', '), city, postalCode, country: country?.toUpperCase() };
  const parsed = shippingAddress.safeParse(address);
  if (!parsed.success) throw fault('/shipping_address', 'address_unreadable');
  return parsed.data;
}
