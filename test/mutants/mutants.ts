/** The guards that the promises rest on, each with the change that takes it away, and what must fail then. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the snippets are the text of sources.

/** One guard taken away. */
export interface Mutant {
  /** The guard's name. */
  name: string;
  /** The source file, from the root of the project. */
  file: string;
  /** Stands in that file exactly once. */
  snippet: string;
  replacement: string;
  /** How many seeds of the simulation must find it, or which test files. */
  caughtBy: { seeds: number } | { tests: string[] };
}

const SEEDS = { seeds: 600 };
const runtime: Mutant[] = [
  {
    name: 'compare-and-set in the store',
    file: 'src/store/order-writes.ts',
    snippet: '{ _id: actorId, seq: expectedSeq }',
    replacement: '{ _id: actorId }',
    caughtBy: { tests: ['test/store/order-store.test.ts'] },
  },
  {
    name: 'compare-and-set in the actor',
    file: 'src/actors/actor.ts',
    snippet: 'if (!(await store.commit(record._id, record.seq, commit))) return this.#ownWrite(commit);',
    replacement: 'await store.commit(record._id, record.seq, commit);',
    caughtBy: SEEDS,
  },
  {
    name: 'own-write look-up',
    file: 'src/actors/actor.ts',
    snippet: 'won !== undefined && won.commandId === entry.commandId && won.type === entry.type',
    replacement: 'won === undefined && entry === undefined',
    caughtBy: { tests: ['test/actors/actor.test.ts'] },
  },
  {
    name: 'a refusal only after a fresh look',
    file: 'src/actors/actor.ts',
    snippet: "if (told !== undefined && (told.kind === 'moved' || fresh)) return told;",
    replacement: 'if (told !== undefined) return told;',
    caughtBy: { tests: ['test/actors/actor.test.ts'] },
  },
  {
    name: 'stale-outcome check',
    file: 'src/actors/decide.ts',
    snippet: 'if (!record.invocations.some(isIt)) return undefined;',
    replacement: '',
    caughtBy: SEEDS,
  },
  {
    name: 'stale-deadline check',
    file: 'src/actors/decide.ts',
    snippet: 'if (!record.timers.some(isIt)) return undefined;',
    replacement: '',
    caughtBy: SEEDS,
  },
  {
    name: 'a command is taken once',
    file: 'src/actors/decide.ts',
    snippet: 'record.history.some(({ commandId }) => commandId === stimulus.commandId)',
    replacement: 'record.history.length === 0',
    caughtBy: SEEDS,
  },
  {
    name: 'publications stand until the feed has them',
    file: 'src/actors/commit.ts',
    snippet: 'const publications = [...before.publications, seq];',
    replacement: 'const publications = [seq];',
    caughtBy: SEEDS,
  },
  {
    name: 'idempotency key of placing',
    file: 'src/actors/orders.ts',
    snippet: 'order.idempotency.key}`;',
    replacement: 'order.idempotency.key}/${newId()}`;',
    caughtBy: SEEDS,
  },
  {
    name: 'sweep',
    file: 'src/actors/sweep.ts',
    snippet: 'await queues.add(dispatches.filter((dispatch) => dispatch !== undefined));',
    replacement: '',
    caughtBy: SEEDS,
  },
  {
    name: 'timer scan',
    file: 'src/actors/effects.ts',
    snippet: 'const times = pending.timers.map(({ dueAt }) => {',
    replacement: 'const times = pending.timers.slice(0, 0).map(({ dueAt }) => {',
    caughtBy: SEEDS,
  },
  {
    name: 'dispatch number',
    file: 'src/actors/sweep.ts',
    snippet: "if (known === 'missing') return dispatch;",
    replacement: 'if (known) return dispatch;',
    caughtBy: SEEDS,
  },
  {
    name: 'attempts are counted in the order',
    file: 'src/jobs/workers.ts',
    snippet: 'failed >= attempts',
    replacement: 'failed > attempts',
    caughtBy: { tests: ['test/jobs/workers.test.ts'] },
  },
];

const money: Mutant[] = [
  {
    name: 'idempotency key of the charge',
    file: 'src/jobs/processors.ts',
    snippet: 'const request = { key: chargeKey,',
    replacement: 'const request = { key: `${chargeKey}.${failedAttempts}`,',
    caughtBy: SEEDS,
  },
  {
    name: 'a new attempt number only after a decline',
    file: 'src/machines/order-work.ts',
    snippet: '`${input.orderId}.charge.${chargeAttempt}`',
    replacement: '`${input.orderId}.charge.1`',
    caughtBy: SEEDS,
  },
  {
    name: 'look-up before a charge is repeated',
    file: 'src/jobs/processors.ts',
    snippet: 'isRepeated ? await gateway.lookUp(chargeKey) : undefined',
    replacement: 'isRepeated ? undefined : undefined',
    caughtBy: { tests: ['test/jobs/processors.test.ts'] },
  },
  {
    name: 'a charge keeps its amount',
    file: 'src/machines/order-setup.ts',
    snippet: 'chargeMinor: context.chargeMinor ?? dueMinor(context),',
    replacement: 'chargeMinor: dueMinor(context),',
    caughtBy: { tests: ['test/machines/order-machine.test.ts'] },
  },
  {
    name: 'refund ceiling',
    file: 'src/machines/order-setup.ts',
    snippet: 'amountMinor >= 1 && amountMinor <= paidMinor(payment)',
    replacement: 'amountMinor >= 1 && payment !== undefined',
    caughtBy: SEEDS,
  },
  {
    name: 'refund ceiling of a return',
    file: 'src/machines/order-work.ts',
    snippet: 'Math.min(amountOf(context.input, lines), paidMinor(context.payment))',
    replacement: 'amountOf(context.input, lines)',
    caughtBy: { tests: ['test/machines/order-lines.test.ts'] },
  },
  {
    name: 'each refund has a key of its own',
    file: 'src/machines/order-work.ts',
    snippet: '`${input.orderId}.refund.${count}`',
    replacement: '`${input.orderId}.refund.${count > 0}`',
    caughtBy: SEEDS,
  },
  {
    name: 'late news of a payment',
    file: 'src/machines/order-setup.ts',
    snippet:
      '(context, event) => !isPaid(context) && event.chargeKey === chargeKey(context),\n    ),\n    paymentFailed',
    replacement: '(context, event) => event.chargeKey === chargeKey(context),\n    ),\n    paymentFailed',
    caughtBy: { tests: ['test/machines/order-machine.test.ts'] },
  },
  {
    name: 'a declined means is not charged again',
    file: 'src/machines/order-work.ts',
    snippet: 'paymentToken === undefined ? input.paymentToken : (paymentToken ?? undefined)',
    replacement: 'paymentToken ?? input.paymentToken',
    caughtBy: SEEDS,
  },
  {
    name: "the retry of an undone charge's conflict",
    file: 'src/jobs/compensations.ts',
    snippet: "error instanceof TerminalError && error.code === 'conflict'",
    replacement: "error instanceof TerminalError && error.code === 'not-found'",
    caughtBy: { tests: ['test/jobs/compensations.test.ts'] },
  },
  {
    name: 'what was given back before is counted when an order is undone',
    file: 'src/jobs/compensations.ts',
    snippet: 'return earlierMinor + (await',
    replacement: 'return 0 + (await',
    caughtBy: SEEDS,
  },
];

const goods: Mutant[] = [
  {
    name: 'hold idempotency',
    file: 'src/store/stock-moves.ts',
    snippet: "'holds.orderId': { $ne: orderId },",
    replacement: '',
    caughtBy: { tests: ['test/store/hold-races.test.ts'] },
  },
  {
    name: 'a settlement is conditional on the quantity held',
    file: 'src/store/stock-ledger.ts',
    snippet: 'filter: { _id, holds: trusted({ $elemMatch: hold }) },',
    replacement: "filter: { _id, 'holds.orderId': hold.orderId },",
    caughtBy: { tests: ['test/store/hold-races.test.ts'] },
  },
  {
    name: 'restock once',
    file: 'src/store/stock-movements.ts',
    snippet: 'await movements.create([movement], { session });',
    replacement: '',
    caughtBy: { tests: ['test/store/hold-races.test.ts'] },
  },
  {
    name: 'each return has a key of its own',
    file: 'src/machines/order-work.ts',
    snippet: '.return.${count}`',
    replacement: '.return`',
    caughtBy: SEEDS,
  },
  {
    name: 'a refusal keeps its holds',
    file: 'src/jobs/processors.ts',
    snippet: "return { type: 'order.refused', reason: refusalOf(shortfalls), heldSome };",
    replacement:
      "await stock.release(input.orderId, skusOf(input)); return { type: 'order.refused', reason: refusalOf(shortfalls), heldSome: false };",
    caughtBy: { tests: ['test/jobs/processors.test.ts'] },
  },
  {
    name: 'late undo',
    file: 'src/jobs/processors.ts',
    snippet: "if (record.status !== 'done' && record.snapshot.context.ending === undefined) return;",
    replacement: 'if (record) return;',
    caughtBy: { tests: ['test/jobs/processors.test.ts'] },
  },
  {
    name: 'late outcomes are undone',
    file: 'src/jobs/workers.ts',
    snippet: 'if (told.record) await',
    replacement: 'if (told === undefined) await',
    caughtBy: { tests: ['test/jobs/workers.test.ts'] },
  },
  {
    name: 'orphaned holds',
    file: 'src/jobs/orphaned-holds.ts',
    snippet: "if (record !== undefined && record.status !== 'done') continue;",
    replacement: 'if (nowMs > 0) continue;',
    caughtBy: { tests: ['test/jobs/orphaned-holds.test.ts'] },
  },
  {
    name: 'units of cancelled lines are in no parcel',
    file: 'src/machines/order-lines.ts',
    snippet: 'context.shipments === undefined && context.cancelled === undefined;',
    replacement: 'context.shipments === undefined;',
    caughtBy: SEEDS,
  },
  {
    name: 'the parcel that may be on its way is called back too',
    file: 'src/machines/order-work.ts',
    snippet: 'Array.from({ length: parcels(context) + 1 }',
    replacement: 'Array.from({ length: parcels(context) }',
    caughtBy: SEEDS,
  },
  {
    name: 'an order sent in part is not undone as a whole',
    file: 'src/machines/order-setup.ts',
    snippet: '    sentInPart: ({ context }) => sentInPart(context),',
    replacement: '    sentInPart: () => false,',
    caughtBy: SEEDS,
  },
  {
    name: 'parcel order guard',
    file: 'src/machines/order-work.ts',
    snippet: "return status === 'lost' || SENT.indexOf(status) > SENT.indexOf(parcel.status);",
    replacement: 'return true;',
    caughtBy: SEEDS,
  },
];

const webhooks: Mutant[] = [
  {
    name: 'a transition is published when its webhooks are recorded',
    file: 'src/webhooks/outbox.ts',
    snippet: 'await Promise.all([feed.publish(entries), record(deliveries)]);',
    replacement: 'record(deliveries).catch(() => undefined);',
    caughtBy: { tests: ['test/webhooks/delivery.test.ts'] },
  },
  {
    name: 'a share of the places for each endpoint',
    file: 'src/webhooks/places.ts',
    snippet: 'if (mine >= share()) {',
    replacement: 'if (mine >= total) {',
    caughtBy: { tests: ['test/webhooks/decisions.test.ts'] },
  },
];

/** Every guard. */
export const MUTANTS: Mutant[] = [...runtime, ...money, ...goods, ...webhooks];
