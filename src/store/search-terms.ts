/** What a product is found by: its sku, and its name from each of its words on, in lower case. */

/** A name is not searched beyond so many words. */
const WORDS_MAX = 12;

/** The terms of that product; a search matches the beginning of one. */
export function searchTerms(sku: string, name: string): string[] {
  const text = name.toLowerCase();
  const words = [...text.matchAll(/[\p{L}\p{M}\p{N}]+/gu)].slice(0, WORDS_MAX);
  return [...new Set([sku.toLowerCase(), text, ...words.map(({ index }) => text.slice(index))])];
}
