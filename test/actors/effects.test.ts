import test from 'ava';
import { longestRestMs, sweepTime } from '../../src/actors/effects.ts';
import type { ActorRecord, Invocation, Timer } from '../../src/machines/actor-record.ts';
import { leases, START } from '../support/orders.ts';

type Pending = Pick<ActorRecord, 'invocations' | 'timers' | 'publications'>;

const LEASE = leases.leaseMs;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const at = (ms: number) => new Date(START.getTime() + ms);
const timer = (dueMs: number): Timer => ({ id: 't', seq: 1, dueAt: at(dueMs), dispatch: 0 });
const invocation: Invocation = { id: 'i', seq: 1, src: 'q.v', input: {}, attempts: 0, dispatch: 0 };
const nothing: Pending = { invocations: [], timers: [], publications: [] };
const working: Pending = { ...nothing, invocations: [invocation] };

/** How long after `nowMs` the next look is, of work that the queues have had since 0. */
const restMs = (pending: Pending, nowMs: number, sinceMs = 0) =>
  Number(sweepTime(pending, at(nowMs), leases, at(sinceMs))) - Number(at(nowMs));

test('nothing pending is never looked after', (t) => {
  t.is(sweepTime(nothing, START, leases), undefined);
  t.is(sweepTime(nothing, at(HOUR), leases, START), undefined);
});

test('what may not be in its queue is looked after in a lease', (t) => {
  t.deepEqual(sweepTime(working, START, leases), at(LEASE));
  t.deepEqual(sweepTime({ ...nothing, publications: [1] }, START, leases), at(LEASE));
});

test('what rests in its queue is looked after in a lease, then in as long again as it has rested, at most in an hour', (t) => {
  t.is(restMs(working, 1), LEASE);
  t.is(restMs(working, LEASE), LEASE);
  t.is(restMs(working, 10 * MINUTE), 10 * MINUTE);
  t.is(restMs(working, 59 * MINUTE), 59 * MINUTE);
  t.is(restMs(working, 24 * HOUR), HOUR);
});

test('an hour in the queue is seven looks', (t) => {
  const looks: number[] = [];
  for (let nowMs = LEASE; nowMs <= HOUR; nowMs += restMs(working, nowMs)) looks.push(nowMs / LEASE);
  t.deepEqual(looks, [1, 2, 4, 8, 16, 32, 64]);
});

test('a lease longer than the longest rest is what counts', (t) => {
  const long = { leaseMs: 2 * HOUR };
  t.is(longestRestMs(long), 2 * HOUR);
  t.is(longestRestMs(leases), HOUR);
  t.deepEqual(sweepTime(working, at(10 * HOUR), long, START), at(12 * HOUR));
});

test('a clock behind the one that committed puts nothing off by more than the difference', (t) => {
  t.deepEqual(sweepTime(working, START, leases, at(5)), at(5 + LEASE));
});

test('a deadline becomes a job a lease before it is due, however long the other work rests', (t) => {
  const both = { ...working, timers: [timer(50 * MINUTE)] };
  t.is(restMs(both, 30 * MINUTE), 20 * MINUTE - LEASE);
});

test('the job of a deadline is looked for a lease after it is due, and rests from then on', (t) => {
  const due = { ...nothing, timers: [timer(10 * MINUTE)] };
  t.is(restMs(due, 10 * MINUTE - LEASE), 2 * LEASE);
  t.is(restMs(due, 10 * MINUTE + LEASE), LEASE);
  t.is(restMs(due, 25 * MINUTE), 15 * MINUTE);
  t.is(restMs(due, 25 * MINUTE, 25 * MINUTE), LEASE, 'where it is not known to be in the queue');
});
