/** The graph that the picture and the page are drawn from. */
import test from 'ava';
import { assign, createMachine, fromPromise, setup } from 'xstate';
import { readMachine } from '../../tools/draw/machine-graph.ts';
import { writeMarkdown } from '../../tools/draw/markdown.ts';

const baking = setup({
  types: { context: {} as { verdict?: string }, events: {} as { type: 'cake.fetch' } },
  actors: { 'oven.bake': fromPromise<{ type: string }>(() => Promise.reject(new Error('never runs'))) },
  delays: { 'cake.burnt': 1000 },
  guards: { isHungry: () => true },
}).createMachine({
  id: 'cake',
  version: '7',
  context: {},
  initial: 'mixed',
  states: {
    mixed: { always: 'baking' },
    baking: {
      invoke: {
        id: 'bake',
        src: 'oven.bake',
        onDone: [
          { guard: ({ event }) => event.output.type === 'cake.risen', target: 'eaten' },
          {
            target: 'binning',
            actions: assign(({ event }) => (event.output.type === 'cake.fell' ? { verdict: 'flat' } : {})),
          },
        ],
        onError: 'waiting',
      },
      after: { 'cake.burnt': 'binning' },
    },
    binning: { invoke: { id: 'bin', src: 'oven.bake', onDone: 'binned' } },
    waiting: { on: { 'cake.fetch': [{ guard: 'isHungry', target: 'baking' }, { target: 'binning' }] } },
    eaten: { type: 'final' },
    binned: { type: 'final' },
  },
});

test('each state gets its part in the story', (t) => {
  const { id, version, states } = readMachine(baking);
  t.deepEqual([id, version], ['cake', '7']);
  t.deepEqual(
    states.map(({ name, part, initial, success }) => [name, part, initial, success]),
    [
      ['mixed', 'happy', true, false],
      ['baking', 'happy', false, false],
      ['binning', 'compensation', false, false],
      ['waiting', 'attention', false, false],
      ['eaten', 'ending', false, true],
      ['binned', 'ending', false, false],
    ],
  );
  t.deepEqual(states[1]?.work, ['oven.bake']);
});

test('each way tells its cause, the outcome that its guard or action asks for, and the guard by name', (t) => {
  t.deepEqual(
    readMachine(baking).ways.map(({ from, to, cause, label, guard, happy }) => [
      from,
      to,
      cause,
      label,
      guard,
      happy,
    ]),
    [
      ['mixed', 'baking', 'always', 'always', undefined, true],
      ['baking', 'eaten', 'done', 'cake.risen', undefined, true],
      ['baking', 'binning', 'done', 'cake.fell', undefined, false],
      ['baking', 'waiting', 'failed', 'bake failed', undefined, false],
      ['baking', 'binning', 'deadline', 'cake.burnt', undefined, false],
      ['binning', 'binned', 'done', 'bin done', undefined, false],
      ['waiting', 'baking', 'command', 'cake.fetch', 'isHungry', false],
      ['waiting', 'binning', 'command', 'cake.fetch', 'otherwise', false],
    ],
  );
});

test('a state with states inside is refused by its name', (t) => {
  const nested = createMachine({
    initial: 'outer',
    states: { outer: { initial: 'inner', states: { inner: {} } } },
  });
  t.throws(() => readMachine(nested), { message: /State outer: expected no states inside it/ });
});

test('the page has a row for every state, a column for every command, and an arrow for every pair', (t) => {
  const page = writeMarkdown(readMachine(baking), 'src/cake.ts', 'cake.svg');
  t.regex(page, /\| \*\*waiting\*\* \| .* \| \[isHungry\] → baking<br>\[otherwise\] → binning \|/);
  t.regex(page, /^ {2}baking --> binning: cake\.fell, cake\.burnt$/m);
  t.regex(page, /^ {2}\[\*\] --> mixed$/m);
  t.regex(page, /^ {2}binned --> \[\*\]$/m);
});
