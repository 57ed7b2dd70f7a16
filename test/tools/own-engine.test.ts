/** The replay on an engine of its own: the real one, started as anybody starts it. */
import test from 'ava';
import { csvLine, startReplay } from './support/run-replay.ts';

test('it is started, seeded, used and stopped, and leaves nothing behind', async (t) => {
  const lines = [csvLine('1'), csvLine('2'), csvLine('3', '10001', -1), csvLine('4', 'POST', 1, '18.00')];
  const { ran } = await startReplay(t, undefined, lines);
  const { code, report, stdout, stderr, leftBehind } = await ran;
  t.is(code, 0, stdout + stderr);
  t.like(report, { placed: 3, completed: 2 });
  t.deepEqual(report?.refused.map(({ where, code }) => `${where} ${code}`).sort(), [
    'door quantity_not_positive',
    'rejected not_goods',
  ]);
  t.deepEqual(leftBehind, []);
  await t.throwsAsync(fetch(`${report?.run.url}/health`), { message: 'fetch failed' });
});
