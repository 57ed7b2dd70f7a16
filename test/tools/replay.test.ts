/** The whole replay, run as people run it, against an engine that behaves and engines that do not. */
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { FakeEngine } from './support/fake-engine.ts';
import { csvLine, type Ran, startReplay } from './support/run-replay.ts';

type Faults = ConstructorParameters<typeof FakeEngine>[0];

async function startEngine(t: ExecutionContext, faults: Faults = {}): Promise<FakeEngine> {
  const engine = new FakeEngine(faults);
  await engine.start();
  t.teardown(() => engine.stop());
  return engine;
}

async function run(
  t: ExecutionContext,
  engine: FakeEngine,
  lines: string[],
  args: string[] = [],
): Promise<Ran> {
  const { ran } = await startReplay(t, engine, lines, args);
  return ran;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

const invoices = (count: number) =>
  Array.from({ length: count }, (_, index) => csvLine(String(1000 + index)));

test.serial('a good run: every invoice placed once, completed, followed, and the books exact', async (t) => {
  const engine = await startEngine(t);
  const { code, report, stdout, stderr } = await run(t, engine, [
    ...invoices(120),
    csvLine('C9', '20002', -2),
  ]);
  t.is(code, 0, stdout + stderr);
  t.like(report, { placed: 120, completed: 120, refused: [], stuck: [], unanswered: 0, leftOut: 0 });
  t.deepEqual(report?.invoices, { ordinary: 120, credits: 1, chosen: 120, chosenCredits: 1, customers: 1 });
  t.deepEqual(report?.returns.unmatched, [{ reason: 'never_bought', lines: 1, units: 2 }]);
  t.is(report?.feed.transitions, 120 * 6);
  t.like(report?.conservation, { soldUnits: 240, orderedUnits: 240, keptMinor: 240 * 255, faults: [] });
  t.is(engine.orders.orders.size, 120);
  t.regex(stdout, /Conservation +exact/);
  t.regex(stderr, /120 completed/);
});

test.serial(
  'what is no sensible order is sent all the same, and counted by the engine’s own reason',
  async (t) => {
    const engine = await startEngine(t, { declined: ['6'] });
    const lines = [
      ...[
        csvLine('1'),
        csvLine('2', '10001', -4),
        csvLine('3', '30003', 1, '0.0'),
        csvLine('4', 'POST', 1, '18.00'),
      ],
      ...[csvLine('5', '20002', 9), csvLine('6')],
    ];
    const { code, report, stdout } = await run(t, engine, lines, ['--stock', '8']);
    t.is(code, 0, stdout);
    t.deepEqual(report?.refused.map(({ where, code }) => `${where} ${code}`).sort(), [
      'declined card_declined',
      'door price_not_positive',
      'door quantity_not_positive',
      'rejected not_goods',
      'rejected out_of_stock',
    ]);
    t.like(report, { placed: 4, completed: 1, products: { named: 4, refused: 1 } });
  },
);

test.serial(
  'a second run on the same engine raises the stock and compares with the state before it',
  async (t) => {
    const engine = await startEngine(t);
    t.is((await run(t, engine, invoices(10))).code, 0);
    const { code, report, stdout } = await run(t, engine, invoices(15));
    t.is(code, 0, stdout);
    t.like(report?.conservation, { soldUnits: 30, units: { received: 50, available: 0, held: 0, sold: 50 } });
  },
);

test.serial(
  'refused for now, a lost answer, a token that ran out: tried again, nothing is placed twice',
  async (t) => {
    const engine = await startEngine(t, { unavailable: 7, lostAnswers: 5, expireTokensAfter: 20 });
    const { code, report, stdout } = await run(t, engine, invoices(60), ['--concurrency', '4']);
    t.is(code, 0, stdout);
    t.like(report, { placed: 60, completed: 60, requestsRepeated: 12 });
    t.is(engine.orders.orders.size, 60);
    t.is(engine.faults.unavailable + engine.faults.lostAnswers, 0);
    t.true(engine.faults.expireTokensAfter < 0);
  },
);

test.serial('the engine ends a feed in the middle: resumed after the seq that was heard', async (t) => {
  const engine = await startEngine(t, { cutFeedAfter: 200 });
  const { code, report, stdout } = await run(t, engine, invoices(80));
  t.is(code, 0, stdout);
  t.is(report?.feed.reconnects, 1);
  t.is(report?.feed.transitions, 80 * 6);
});

test.serial('an engine that is killed and started again in the middle does not stop the run', async (t) => {
  const engine = await startEngine(t);
  const { ran } = await startReplay(t, engine, invoices(300), ['--concurrency', '2']);
  await until(() => engine.orders.orders.size >= 50);
  await engine.stop();
  t.true(engine.orders.orders.size < 300, 'it was killed in the middle');
  await engine.start();
  const { code, report, stdout } = await ran;
  t.is(code, 0, stdout);
  t.like(report, { placed: 300, completed: 300 });
  t.true((report?.requestsRepeated ?? 0) > 0);
  t.is(engine.orders.orders.size, 300);
});

test.serial(
  'credits come back from the latest purchases, over several orders and more than once',
  async (t) => {
    const engine = await startEngine(t, { tracksParcels: true });
    const lines = [
      ...[csvLine('1', '10001', 5), csvLine('C1', '10001', -1), csvLine('2', '10001', 3)],
      ...[csvLine('2', '20002', 2, '1.00'), csvLine('C2', '10001', -4), csvLine('C2', '20002', -2)],
      ...[csvLine('C3', '10001', -9), csvLine('C3', 'POST', -1), csvLine('C4', '10001', -1, '2.55', '')],
    ];
    const { code, report, stdout } = await run(t, engine, lines);
    t.is(code, 0, stdout);
    t.deepEqual(report?.returns, {
      credits: { whole: 2, part: 1, none: 1, leftOut: 0 },
      ...{
        lines: 6,
        wholeLines: 3,
        taken: 4,
        orders: 2,
        keptNothing: 2,
        units: 10,
        amountMinor: 8 * 255 + 200,
      },
      unmatched: [
        { reason: 'more_than_bought', lines: 1, units: 6 },
        { reason: 'no_customer', lines: 1, units: 1 },
        { reason: 'not_goods', lines: 1, units: 1 },
      ],
    });
    t.like(report, { placed: 2, completed: 2, stuck: [] });
    t.like(report?.conservation, {
      soldUnits: 0,
      orderedUnits: 10,
      returnedUnits: 10,
      keptMinor: 0,
      faults: [],
    });
    const byReference = new Map(
      [...engine.orders.orders.values()].map((order) => [order.view.reference, order]),
    );
    const ends = (reference: string) =>
      byReference
        .get(reference)
        ?.history.flatMap(({ to }) => (['completed', 'returned'].includes(to) ? [to] : []));
    t.deepEqual(
      ends('2'),
      ['completed', 'completed', 'returned'],
      'the later order gave all it had in one go',
    );
    t.is(ends('1')?.at(-1), 'returned');
    t.is(
      report?.feed.transitions,
      [...byReference.values()].reduce((sum, { history }) => sum + history.length, 0),
    );
  },
);

test.serial('a refused return, and a purchase that was refused, are reported', async (t) => {
  const engine = await startEngine(t, { refusesReturns: ['1'], declined: ['2'] });
  const lines = [csvLine('1'), csvLine('2', '20002'), csvLine('C1', '10001', -2), csvLine('C1', '20002', -1)];
  const { code, report, stdout } = await run(t, engine, lines);
  t.is(code, 0, stdout);
  t.like(report?.returns, { taken: 0, units: 0, credits: { whole: 0, part: 0, none: 1, leftOut: 0 } });
  t.deepEqual(report?.returns.unmatched, [
    { reason: 'event-refused', lines: 1, units: 2 },
    { reason: 'purchase_refused', lines: 1, units: 1 },
  ]);
});

test.serial('a return whose answer is lost is sent again and done once', async (t) => {
  const engine = await startEngine(t, { lostReturns: 3 });
  const credits = Array.from({ length: 5 }, (_, index) => csvLine(`C${index}`, '10001', -1));
  const { code, report, stdout } = await run(t, engine, [csvLine('1', '10001', 9), ...credits]);
  t.is(code, 0, stdout);
  t.is(engine.faults.lostReturns, 0);
  t.like(report?.returns, { taken: 5, orders: 1, keptNothing: 0, units: 5 });
  t.like(report?.conservation, { soldUnits: 4, returnedUnits: 5, faults: [] });
});

test.serial('a refund that is too small is noticed', async (t) => {
  const engine = await startEngine(t, { losesRefund: true });
  const { code, report } = await run(t, engine, [csvLine('1'), csvLine('C1', '10001', -2)]);
  t.is(code, 1);
  t.is(report?.conservation?.faults.length, 3);
  t.regex(
    report?.conservation?.faults.at(-1) ?? '',
    /refunded 255 .*, but what was sent back had cost 510\.$/,
  );
});

test.serial(
  'an order that comes to no rest after its return is stuck, and what waits for it is open',
  async (t) => {
    const engine = await startEngine(t, { restlessReturns: ['1'] });
    const lines = [csvLine('1'), csvLine('C1', '10001', -1), csvLine('C2', '10001', -1)];
    const { code, report } = await run(t, engine, lines, ['--timeout', '2']);
    t.is(code, 1);
    t.deepEqual(report?.stuck, [{ state: 'returning', orders: 1 }]);
    t.deepEqual(report?.returns.unmatched, [{ reason: 'purchase_unfinished', lines: 1, units: 1 }]);
  },
);

test.serial('an order that rests for ever is stuck, by the state it was last seen in', async (t) => {
  const engine = await startEngine(t, { resting: ['1003', '1004'] });
  const { code, report, stdout } = await run(t, engine, invoices(9), ['--timeout', '5']);
  t.is(code, 1, stdout);
  t.deepEqual(report?.stuck, [{ state: 'charging', orders: 2 }]);
  t.is(report?.completed, 7);
});

test.serial('a unit that the books lost is noticed', async (t) => {
  const engine = await startEngine(t, { losesUnit: true });
  const { code, report } = await run(t, engine, invoices(5));
  t.is(code, 1);
  t.deepEqual(report?.conservation?.faults, [
    '10001: received 10 is not available 0 + held 0 + sold 9.',
    '10001: 9 sold, but completed orders have 10 less 0 returned.',
  ]);
});

test.serial('a transition that the feed tells twice is noticed', async (t) => {
  const engine = await startEngine(t, { tellsTwice: true });
  const { code, report } = await run(t, engine, invoices(3));
  t.is(code, 1);
  t.regex(report?.feed.faults[0] ?? '', /expected seq 2, heard 1\./);
});

test.serial('Ctrl-C, handed on by npm a second time, prints what there is', async (t) => {
  const engine = await startEngine(t);
  const { child, ran } = await startReplay(t, engine, invoices(50), ['--rate', '5']);
  await until(() => engine.orders.orders.size >= 3);
  child.kill('SIGINT');
  child.kill('SIGINT');
  const { code, report, stdout } = await ran;
  t.is(code, 130);
  t.true((report?.placed ?? 0) >= 2 && (report?.leftOut ?? 0) > 0);
  t.regex(stdout, /Conservation +not read/);
});

test.serial('wrong credentials: one clear line', async (t) => {
  const engine = await startEngine(t);
  const { code, stderr, report } = await run(t, engine, invoices(1), ['--password', 'wrong']);
  t.is(code, 1);
  t.is(
    stderr,
    'The replay failed: The login of the operator: the engine answered 401 bad-credentials: bad-credentials it is.\n',
  );
  t.is(report, undefined);
});
