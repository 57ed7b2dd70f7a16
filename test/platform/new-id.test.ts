import test from 'ava';
import { validate, version } from 'uuid';
import { createNewId } from '../../src/platform/new-id.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const START = new Date('2026-01-01T00:00:00.000Z');
const IDS = 2_000;

test('ids are UUIDs of version 7, in order within a millisecond and from one to the next', (t) => {
  const clock = createFakeClock(START);
  const newId = createNewId(clock);
  const ids = Array.from({ length: IDS }, newId);
  clock.advance(1);
  ids.push(newId());
  t.true(ids.every((id) => validate(id) && version(id) === 7));
  t.deepEqual(ids, ids.toSorted());
});

test('no two are the same, not of two makers at one time either, and no random part comes twice', (t) => {
  const clock = createFakeClock(START);
  const makers = [createNewId(clock), createNewId(clock)];
  const ids = makers.flatMap((newId) => Array.from({ length: IDS }, newId));
  t.is(new Set(ids).size, ids.length);
  t.is(new Set(ids.map((id) => id.slice(-10))).size, ids.length);
});
