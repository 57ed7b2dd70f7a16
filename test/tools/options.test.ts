/** The command line of the replay. */
import test from 'ava';
import { readOptions, UsageError } from '../../tools/replay/options.ts';

const operator = ['--email', 'o@x.example', '--password', 'secret'];

test('a file alone: an engine of its own, every invoice, 16 requests at once', (t) => {
  t.deepEqual(readOptions(['f.csv.gz'], {}), {
    file: 'f.csv.gz',
    orders: Number.POSITIVE_INFINITY,
    concurrency: 16,
    timeoutMs: 120_000,
  });
});

test('every option is read', (t) => {
  const args =
    '--orders 5 --rate 2.5 --concurrency 3 --stock 0 --timeout 7 --json r.json --url http://h:1/x'.split(' ');
  t.deepEqual(readOptions(['f', ...args, ...operator], {}), {
    ...{ file: 'f', orders: 5, rate: 2.5, concurrency: 3, stock: 0, timeoutMs: 7_000, json: 'r.json' },
    ...{ url: 'http://h:1', operator: { email: 'o@x.example', password: 'secret' } },
  });
});

test('the operator may come from the environment', (t) => {
  const env = { ORDO_OPERATOR_EMAIL: 'o@x.example', ORDO_OPERATOR_PASSWORD: 'secret' };
  t.deepEqual(readOptions(['f', '--url', 'http://h'], env)?.operator, {
    email: 'o@x.example',
    password: 'secret',
  });
});

test('help is no run', (t) => {
  t.is(readOptions(['--help'], {}), undefined);
});

for (const [args, message] of [
  [[], /Expected one file, got 0/],
  [['a', 'b'], /Expected one file, got 2/],
  [['f', '--orders', '0'], /--orders: expected a whole number from 1, got "0"/],
  [['f', '--orders', '1.5'], /--orders: expected a whole number/],
  [['f', '--rate', ''], /--rate: expected a number/],
  [['f', '--speed', '9'], /Unknown option '--speed'/],
  [['f', '--url', 'http://h'], /needs an operator/],
  [['f', '--url', 'h:3000', ...operator], /--url: expected something like/],
] as [string[], RegExp][])
  test(`refused: ${args.join(' ') || '(nothing)'}`, (t) => {
    t.throws(() => readOptions(args, {}), { instanceOf: UsageError, message });
  });
