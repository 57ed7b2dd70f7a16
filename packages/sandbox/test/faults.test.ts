import test from 'ava';
import { createFaults, type FaultRule, faultRule } from '../src/faults.ts';

const rule = (operation: string, kind: string, rate: number) =>
  faultRule.parse({ operation, kind, rate }) as FaultRule;

/** Which of the next calls to capture a lost reply strikes. */
function strikesOf(seed: number, rules: FaultRule[], calls = 1_000): number[] {
  const faults = createFaults(seed);
  for (const one of rules) faults.set(one);
  return Array.from({ length: calls }, (_, call) => call).filter(
    () => faults.draw('capture').lostReply !== undefined,
  );
}

const lostReplies = rule('capture', 'lostReply', 0.1);

test('the same seed draws the same faults, another seed others, at the rate that was asked for', (t) => {
  const first = strikesOf(1, [lostReplies]);
  t.deepEqual(strikesOf(1, [lostReplies]), first);
  t.notDeepEqual(strikesOf(2, [lostReplies]), first);
  t.true(first.length > 60 && first.length < 140, `${first.length} of 1,000 at a rate of 0.1`);
});

test('another rule does not change which calls a rule strikes', (t) => {
  const others = [rule('capture', 'error', 0.5), rule('book', 'slow', 0.5)];
  t.deepEqual(strikesOf(1, [...others, lostReplies]), strikesOf(1, [lostReplies]));
});

test('a rule strikes its own operation alone, always at 1, never at 0', (t) => {
  const faults = createFaults(0);
  faults.set(rule('book', 'error', 1));
  t.deepEqual(faults.draw('capture'), {});
  t.is(typeof faults.draw('book').error, 'number');
  faults.set(rule('book', 'error', 0));
  t.deepEqual(faults.draw('book'), {});
  t.deepEqual(faults.list(), []);
});

test('the measure of a fault is anywhere between none and all of it', (t) => {
  const faults = createFaults(5);
  faults.set(rule('webhook', 'delay', 0.5));
  const measures = Array.from({ length: 500 }, () => faults.draw('webhook').delay ?? []).flat();
  t.true(measures.every((measure) => measure >= 0 && measure < 1));
  t.true(Math.min(...measures) < 0.1 && Math.max(...measures) > 0.9);
});

test('a rule of another operation, kind or rate is none', (t) => {
  for (const [operation, kind, rate] of [
    ['webhook', 'error', 0.1],
    ['capture', 'repeat', 0.1],
    ['settle', 'error', 0.1],
    ['capture', 'error', 1.1],
    ['capture', 'error', Number.NaN],
  ])
    t.false(faultRule.safeParse({ operation, kind, rate }).success, `${operation} ${kind} ${rate}`);
});
