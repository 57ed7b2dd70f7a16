/** What products and orders are found by: texts in lower case, each from every one of its words on. */
import { trusted } from 'mongoose';
import type { OrderInput } from '../machines/order-types.ts';

/** A text is not searched beyond so many words. */
const WORDS_MAX = 12;
/** An order is found by so many of its products. */
const SKUS_MAX = 100;

function fromEachWord(given: string): string[] {
  const text = given.toLowerCase();
  const words = [...text.matchAll(/[\p{L}\p{M}\p{N}]+/gu)].slice(0, WORDS_MAX);
  return [text, ...words.map(({ index }) => text.slice(index))];
}

/** The terms of that product; a search matches the beginning of one. */
export function searchTerms(sku: string, name: string): string[] {
  return [...new Set([sku.toLowerCase(), ...fromEachWord(name)])];
}

/** The terms of that order: its id, its reference, its products' skus, and who gets it. */
export function orderSearchTerms(
  orderId: string,
  { reference = '', lines, shippingAddress }: Pick<OrderInput, 'reference' | 'lines' | 'shippingAddress'>,
): string[] {
  const skus = new Set(lines.map(({ sku }) => sku.toLowerCase()));
  const terms = [
    orderId.toLowerCase(),
    ...fromEachWord(reference),
    ...[...skus].slice(0, SKUS_MAX),
    ...fromEachWord(shippingAddress.name),
  ];
  return [...new Set(terms)].filter((term) => term !== '');
}

/** Matches what has a term that begins so. Anchored and escaped: it walks an index range, and no input makes it slow. */
export function beginsWith(search: string) {
  const escaped = search.toLowerCase().replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return trusted({ $regex: new RegExp(`^${escaped}`) });
}
