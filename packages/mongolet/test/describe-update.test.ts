/** What a change stream says of an update: the least list of fields that makes the one document of the other. */
import test from 'ava';
import { Double, Int32 } from 'bson';
import { describeUpdate } from '../src/update/describe-update.ts';
import type { Doc } from '../src/value/document.ts';

const differences: [string, Doc, Doc, object][] = [
  ['nothing', { a: 1 }, { a: 1 }, {}],
  ['a type alone', { a: new Int32(1) }, { a: new Double(1) }, { updatedFields: { a: new Double(1) } }],
  [
    'fields within documents',
    { a: { b: 1, c: 2 } },
    { a: { b: 9 } },
    { updatedFields: { 'a.b': 9 }, removedFields: ['a.c'] },
  ],
  ['a document that was emptied', { a: { b: 1 } }, { a: {} }, { updatedFields: { a: {} } }],
  ['a document in the place of a value', { a: 1 }, { a: { b: 1 } }, { updatedFields: { a: { b: 1 } } }],
  [
    'elements, and new ones',
    { a: [1, { b: 1 }] },
    { a: [1, { b: 2 }, 3] },
    { updatedFields: { 'a.1.b': 2, 'a.2': 3 } },
  ],
  [
    'an array that shrank',
    { a: [1, 2, 3] },
    { a: [2, 3] },
    { updatedFields: { 'a.0': 2, 'a.1': 3 }, truncatedArrays: [{ field: 'a', newSize: new Int32(2) }] },
  ],
  ['an array that was emptied', { a: [1] }, { a: [] }, { updatedFields: { a: [] } }],
  ['another order of fields', { a: 1, b: 2, c: 3 }, { a: 1, c: 3, b: 2 }, { updatedFields: { c: 3, b: 2 } }],
  [
    'another order within',
    { a: { b: 1, c: 2 } },
    { a: { c: 2, b: 1 } },
    { updatedFields: { a: { c: 2, b: 1 } } },
  ],
  ['a new field before others', { b: 1 }, { a: 1, b: 1 }, { updatedFields: { a: 1, b: 1 } }],
];
for (const [what, before, after, expected] of differences) {
  test(`the difference of two states: ${what}`, (t) => {
    const nothing = { updatedFields: {}, removedFields: [], truncatedArrays: [] };
    t.deepEqual(describeUpdate(before, after) as object, { ...nothing, ...expected });
  });
}
