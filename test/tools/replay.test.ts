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
    csvLine('C9', '10001', -2),
  ]);
  t.is(code, 0, stdout + stderr);
  t.like(report, { placed: 120, completed: 120, refused: [], stuck: [], unanswered: 0, leftOut: 0 });
  t.deepEqual(report?.invoices, { ordinary: 120, credits: 1, chosen: 120, customers: 1 });
  t.is(report?.feed.transitions, 120 * 6);
  t.like(report?.conservation, { soldUnits: 240, orderedUnits: 240, amountMinor: 240 * 255, faults: [] });
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
    '10001: 9 sold, but completed orders have 10.',
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
