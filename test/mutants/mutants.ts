/** The guards that the promises rest on, each with the change that takes it away, and what must fail then. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the snippets are the text of sources.

import { type Mutant, SEEDS } from './mutant.ts';
import { goods } from './mutants-of-goods.ts';

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
    name: 'a stop makes jobs of what stands in line',
    file: 'src/jobs/hand-on.ts',
    snippet: 'for (const line of this.#lines.values()) line.dissolve();',
    replacement: '',
    caughtBy: { tests: ['test/jobs/hand-on.test.ts'] },
  },
  {
    name: 'nobody stands in line for longer than half a lease',
    file: 'src/jobs/hand-on.ts',
    snippet: 'patienceMs: leaseMs / 2,',
    replacement: 'patienceMs: leaseMs * 2,',
    caughtBy: { tests: ['test/jobs/hand-on.test.ts'] },
  },
  {
    name: 'a shared job is repeated for its own order alone',
    file: 'src/jobs/workers.ts',
    snippet: 'attemptsMade > 0 ? [] : companions',
    replacement: 'companions',
    caughtBy: { tests: ['test/jobs/first-stages.test.ts'] },
  },
  {
    name: 'who fails in the job of another gets a job of its own',
    file: 'src/jobs/workers.ts',
    snippet: 'retryLater(parts, { queue, jobId, ref, delayMs: 0 }, error)',
    replacement: 'void error',
    caughtBy: { tests: ['test/jobs/first-stages.test.ts'] },
  },
  {
    name: 'a stop leaves a job for what was begun',
    file: 'src/jobs/hand-on.ts',
    snippet: '[...this.#work, this.#begun.drain()]',
    replacement: 'this.#work',
    caughtBy: { tests: ['test/jobs/first-stages.test.ts'] },
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
    snippet: 'history.find(({ commandId }) => commandId === id)',
    replacement: 'history.find(() => false)',
    caughtBy: SEEDS,
  },
  {
    name: 'a commit begins only what it started',
    file: 'src/actors/relay.ts',
    snippet: '({ ref }) => ref.seq === record.seq',
    replacement: '() => true',
    caughtBy: { tests: ['test/actors/relay-and-sweep.test.ts'] },
  },
  {
    name: 'a job asks the store what others have tried',
    file: 'src/jobs/workers.ts',
    snippet: '{ fresh: ref.seq > 1 }',
    replacement: '{ fresh: false }',
    caughtBy: { tests: ['test/jobs/workers.test.ts'] },
  },
  {
    name: 'publications stand until the feed has them',
    file: 'src/actors/commit.ts',
    snippet: 'const publications = [...before.publications, seq];',
    replacement: 'const publications = [seq];',
    caughtBy: SEEDS,
  },
  {
    name: 'a commit leaves the counters that it does not change',
    file: 'src/actors/commit.ts',
    snippet: 'before.every((each, index) => each === after[index])',
    replacement: 'before.length === 0',
    caughtBy: { tests: ['test/actors/actor.test.ts'] },
  },
  {
    name: 'idempotency key of placing',
    file: 'src/actors/orders.ts',
    snippet: '/${key}`, fingerprint }',
    replacement: '/${key}/${newId()}`, fingerprint }',
    caughtBy: SEEDS,
  },
  {
    name: 'sweep',
    file: 'src/actors/sweep.ts',
    snippet: 'await queues.add(renewed.filter((dispatch) => dispatch !== undefined));',
    replacement: '',
    caughtBy: SEEDS,
  },
  {
    name: 'a loss of jobs is made good',
    file: 'src/actors/sweep.ts',
    snippet: 'if (loss === undefined) return;',
    replacement: 'if (loss !== undefined) return;',
    caughtBy: { tests: ['test/recovery/lost-jobs.test.ts'] },
  },
  {
    name: 'what was seen before a loss holds no more',
    file: 'src/actors/sweep.ts',
    snippet: 'await store.claim(record._id, next, later);',
    replacement: 'await store.acknowledge([{ actorId: record._id, seq: record.seq, sweepAt: later }]);',
    caughtBy: { tests: ['test/recovery/lost-jobs.test.ts'] },
  },
  {
    name: 'another run of Redis is a loss',
    file: 'src/jobs/loss-mark.ts',
    snippet: 'if mark == run then return false end',
    replacement: "if mark and not string.find(mark, ' ') then return false end",
    caughtBy: { tests: ['test/recovery/lost-jobs.test.ts'] },
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
