/** The way between BSON bytes and the documents that the rest of mongolet works on. */
export { decode } from './decode.ts';
export type { Doc, Value } from './document.ts';
export { encode } from './encode.ts';
