import test from 'ava';
import { type SimulationResult, simulate } from './simulation.ts';

const SEEDS = 1_000;

/** What a thousand seeds must have met: a simulation in which nothing goes wrong proves nothing. */
const MET = [
  'process killed',
  'redis emptied',
  'job run twice at once',
  'job given up by the queue',
  'gateway away',
  'carrier away',
  'notifier away',
  'news lost',
  'shipment.tracked told again',
  'news heard twice',
  'store.insert reply-lost',
  'store.commit before',
  'store.commit reply-lost',
  'store.commit twice',
  'store.claim reply-lost',
  'store.raiseDispatch reply-lost',
  'queues.add before',
  'queues.add reply-lost',
  'feed.publish before',
  'stock.hold before',
  'stock.hold stalled',
  'stock.hold twice',
  'stock.keep twice',
  'stock.available reply-lost',
  'stock.sold reply-lost',
  'stock.restock twice',
  'gateway.capture reply-lost',
  'gateway.lookUp reply-lost',
  'gateway.void reply-lost',
  'gateway.refund reply-lost',
  'carrier.book reply-lost',
  'carrier.recall reply-lost',
  'notifier.send reply-lost',
];

/** The ends of an order that a thousand seeds must have come to. */
const ENDS = ['cancelled', 'completed', 'declined', 'delivered', 'expired', 'rejected', 'returned'];

/** What must have been taken by some order in some state: the story is nowhere cut short. */
const TAKEN = [
  'adjusting order.cancel',
  'awaitingPayment order.pay',
  'awaitingPayment payment.settled',
  'awaitingPayment payment.failed',
  'awaitingShipment order.ship',
  'charging order.cancel',
  'charging payment.overdue',
  'completed order.return',
  'concluding return.settled',
  'completed order.refund',
  'needsAttention order.cancel',
  'needsAttention order.cancelLines',
  'needsAttention order.complete',
  'needsAttention order.retry',
  'onHold order.resume',
  'onHold order.cancelLines',
  'parcelLost order.complete',
  'locating shipment.booked',
  'locating shipment.missing',
  'settling payment.captured',
  'shipping order.cancel',
  'shipping shipment.refused',
  'validating order.cancelLines',
];

test(`${SEEDS} seeds of crashes, outages, lost replies, late news and people of every mind break no promise`, async (t) => {
  t.timeout(300_000);
  const met = new Set<string>();
  const states = new Set<string>();
  const taken = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const result = await simulate(seed);
    if (result.broken.length > 0)
      t.fail(`npm run simulate -- --seeds 1 --from ${seed}: ${result.broken.join('; ')}`);
    for (const fault of result.faults.keys()) met.add(fault);
    for (const state of result.states) states.add(state);
    for (const { transition } of result.told) taken.add(`${transition.from} ${transition.type}`);
  }
  const missing = (wanted: string[], found: Set<string>) => wanted.filter((each) => !found.has(each));
  t.deepEqual(missing(MET, met), []);
  t.deepEqual(missing(TAKEN, taken), []);
  t.deepEqual([...states].sort(), ENDS);
});

test('the same seed is the same run, byte for byte', async (t) => {
  const told = ({ faults, ...rest }: SimulationResult) => JSON.stringify({ ...rest, faults: [...faults] });
  for (const seed of [3, 176, 4_711]) t.is(told(await simulate(seed)), told(await simulate(seed)));
});
