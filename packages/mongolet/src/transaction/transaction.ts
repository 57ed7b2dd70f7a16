/** One multi-document transaction: its statements run one after the other, then it is committed or aborted, once. */
import type { WriteIdentity } from '../session/session-fields.ts';
import type { TransactionView } from '../store/transaction-view.ts';

/** How far a transaction has come; the last two are for good. */
export type TransactionState = 'running' | 'committing' | 'committed' | 'aborted';

/** A transaction of a session. */
export class Transaction {
  readonly identity: WriteIdentity;
  readonly view: TransactionView;
  state: TransactionState = 'running';
  /** Settles with the commit; who asks for it a second time waits for the same. */
  commit: Promise<void> | undefined;
  readonly #timer: NodeJS.Timeout;

  /** `expire` is called when it has run for too long. */
  constructor(identity: WriteIdentity, view: TransactionView, lifetimeMs: number, expire: () => void) {
    this.identity = identity;
    this.view = view;
    this.#timer = setTimeout(expire, lifetimeMs);
    this.#timer.unref();
  }

  /** Nothing can follow but repeated commits. */
  end(state: 'committed' | 'aborted'): void {
    this.state = state;
    clearTimeout(this.#timer);
    this.view.end();
  }
}
