/** A change as the change log is told of it: what happened to which document or collection. */
import type { Doc, Value } from '../value/codec.ts';

interface OnNamespace {
  readonly namespace: string;
}

interface OnDocument extends OnNamespace {
  readonly id: Value;
}

/** One change; `update` carries both states, of which the log keeps the difference. */
export type Change =
  | (OnDocument & { readonly kind: 'insert' | 'replace'; readonly doc: Doc })
  | (OnDocument & { readonly kind: 'update'; readonly before: Doc; readonly after: Doc })
  | (OnDocument & { readonly kind: 'delete' })
  | (OnNamespace & { readonly kind: 'drop' })
  | (OnNamespace & { readonly kind: 'rename'; readonly to: string; readonly dropTarget: string | undefined })
  /** Here `namespace` is the database's name. */
  | (OnNamespace & { readonly kind: 'dropDatabase' });

/** The transaction that a change was part of. */
export interface ChangeOrigin {
  readonly sessionId: Buffer;
  readonly txnNumber: bigint;
}
