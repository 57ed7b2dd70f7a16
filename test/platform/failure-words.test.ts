import test from 'ava';
import { failureWords } from '../../src/platform/failure-words.ts';

const ORDER = '01979b7e-4f0c-7a55-8f5e-2f3a51b8d0c1';

for (const [what, said, kept] of [
  ['a plain sentence', 'connect ECONNREFUSED 127.0.0.1:6379', 'connect ECONNREFUSED 127.0.0.1:6379'],
  [
    'the key of a charge',
    `The gateway timed out on ${ORDER}.charge.1.`,
    `The gateway timed out on ${ORDER}.charge.1.`,
  ],
  [
    'a login in an address',
    'GET http://user:pa$$w0rd@pay.test/charges failed',
    'GET http://…@pay.test/charges failed',
  ],
  ['a query', 'GET https://pay.test/charges?key=abc&x=1 failed', 'GET https://pay.test/charges?… failed'],
  ['a header', 'refused: Authorization: Bearer abc.def.ghi', 'refused: Authorization: … …'],
  [
    'a password',
    'login failed: {"password":"hunter2!", "user":"a"}',
    'login failed: {"password":…", "user":"a"}',
  ],
  ['a means to pay', 'tok_visa_4242 was refused', 'tok_… was refused'],
  ["a gateway's key", 'Invalid API Key provided: sk_live_51Habcdef', 'Invalid API Key provided: sk_…'],
  ['the number of a card', 'card 4242 4242 4242 4242 was refused', 'card … was refused'],
  ['a signature', `bad signature ${'aB3/'.repeat(16)}=`, 'bad signature …'],
  ['several lines', 'first\n  second\u0000third', 'first second third'],
] as const)
  test(`of a failure is kept, with no secret in it: ${what}`, (t) =>
    t.is(failureWords(new Error(said)), kept));

test('a failure is told in 300 characters at the most, whatever it says', (t) => {
  const words = failureWords(new Error('no way. '.repeat(10_000)));
  t.is(words.length, 300);
  t.true(words.endsWith('…'));
  t.is(failureWords('just a text'), 'just a text');
});
