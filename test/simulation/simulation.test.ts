import test from 'ava';
import { type SimulationResult, simulate } from './simulation.ts';

const SEEDS = 1_000;

/** The faults that a thousand seeds must have met: a simulation in which nothing goes wrong proves nothing. */
const MET = [
  'process killed',
  'redis emptied',
  'job run twice at once',
  'job given up by the queue',
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
  'stock.hold twice',
  'stock.available reply-lost',
  'stock.sold reply-lost',
  'gateway.capture reply-lost',
  'gateway.undo reply-lost',
  'carrier.book reply-lost',
  'carrier.recall reply-lost',
];

test(`${SEEDS} seeds of crashes, lost replies, doubled jobs and an emptied Redis break no promise`, async (t) => {
  const faults = new Map<string, number>();
  const states = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const result = await simulate(seed);
    if (result.broken.length > 0)
      t.fail(`npm run simulate -- --seeds 1 --from ${seed}: ${result.broken.join('; ')}`);
    for (const [fault, count] of result.faults) faults.set(fault, (faults.get(fault) ?? 0) + count);
    for (const state of result.states) states.add(state);
  }
  t.deepEqual(
    MET.filter((fault) => !faults.has(fault)),
    [],
  );
  t.deepEqual([...states].sort(), ['cancelled', 'completed', 'declined', 'rejected']);
});

test('the same seed is the same run', async (t) => {
  const told = ({ faults, ...rest }: SimulationResult) => JSON.stringify({ ...rest, faults: [...faults] });
  for (const seed of [3, 176, 4_711]) t.is(told(await simulate(seed)), told(await simulate(seed)));
});
