/** Documents of which a part is decoded: who changes two fields need not read the others, nor write them anew. */

/** A document or an array inside a document, as its bytes; whoever looks for a value there has not said so before. */
export class Unread {
  readonly type: number;
  readonly bytes: Buffer;

  constructor(type: number, bytes: Buffer) {
    this.type = type;
    this.bytes = bytes;
  }
}

/** What of a document is to be decoded, beside what is neither a document nor an array. */
export interface Reading {
  /** Fields that are decoded with all that is in them. */
  readonly whole: ReadonlySet<string>;
  /** Fields of which, where they are arrays, the elements are counted and not looked at. */
  readonly counted: ReadonlySet<string>;
}
