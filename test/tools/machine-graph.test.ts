/** The graph that the pictures and the page are drawn from, and how it is cut into pictures. */
import test from 'ava';
import { and, createMachine, fromPromise, setup } from 'xstate';
import { readMachine } from '../../tools/draw/machine-graph.ts';
import { writeMarkdown } from '../../tools/draw/markdown.ts';
import { pictureOf } from '../../tools/draw/pictures.ts';
import { followStory } from '../../tools/draw/story.ts';

/** Mixed, baked, cooled, eaten; by way of the crossroads after each work. */
const baking = setup({
  types: {
    context: {} as { hot: boolean },
    input: {} as { hot: boolean },
    events: {} as
      | { type: 'cake.fetch' }
      | { type: 'cake.bin' }
      | { type: 'bell.rang' }
      | { type: 'cake.cut' },
    tags: {} as 'settled',
  },
  actors: { 'oven.bake': fromPromise<{ type: string }>(() => Promise.reject(new Error('never runs'))) },
  delays: { 'cake.burnt': 1000 },
  guards: { isHot: ({ context }) => context.hot, isRaw: () => false, isBurnt: () => false },
}).createMachine({
  id: 'cake',
  version: '7',
  context: ({ input }) => input,
  initial: 'mixed',
  on: { 'bell.rang': { actions: () => undefined } },
  states: {
    mixed: { always: 'baking' },
    baking: {
      invoke: {
        id: 'bake',
        src: 'oven.bake',
        onDone: [
          { guard: ({ event }) => event.output.type === 'cake.risen', target: 'deciding' },
          { target: 'binning' },
        ],
        onError: 'stuck',
      },
      after: { 'cake.burnt': 'binning' },
      on: { 'cake.bin': 'binning', 'cake.fetch': { guard: 'isHot', actions: () => undefined } },
    },
    cooling: { invoke: { id: 'cool', src: 'oven.bake', onDone: 'deciding', onError: 'stuck' } },
    deciding: {
      always: [
        { guard: and(['isHot', 'isRaw']), target: 'watching' },
        { guard: 'isHot', target: 'cooling' },
        { target: 'served' },
      ],
    },
    watching: { on: { 'cake.fetch': 'deciding' } },
    binning: { invoke: { id: 'bin', src: 'oven.bake', onDone: 'binned' } },
    stuck: {
      on: {
        'cake.fetch': [
          { guard: { type: 'isBurnt', params: undefined }, target: 'baking' },
          { target: 'binning' },
        ],
      },
    },
    served: { tags: 'settled', on: { 'cake.cut': 'cutting' } },
    cutting: { invoke: { id: 'cut', src: 'oven.bake', onDone: 'served', onError: 'stuck' } },
    binned: { type: 'final' },
  },
});

const done = (id: string, type: string) => ({ type: `xstate.done.actor.${id}`, output: { type } });
const risen = done('bake', 'cake.risen');
const happy = followStory(baking, { input: { hot: false }, events: [risen] });
const fell = followStory(baking, { input: { hot: false }, events: [done('bake', 'cake.fell')] });
const graph = readMachine(baking, {
  happyWay: happy.passed,
  commands: new Set(['cake.fetch', 'cake.bin', 'cake.cut']),
  outcomes: new Map([...happy.outcomes, ...fell.outcomes]),
});

test('a story is followed through every state, crossroads too', (t) => {
  t.deepEqual(happy.passed, ['mixed', 'baking', 'deciding', 'served']);
});

test('a story that the machine does not take is refused, with the event and the state', (t) => {
  t.throws(() => followStory(baking, { input: { hot: false }, events: [risen, risen] }), {
    message: 'The story does not hold: xstate.done.actor.bake is not taken in served.',
  });
});

test('each state is told by what it is, and gets its part in the story', (t) => {
  t.deepEqual([graph.id, graph.version], ['cake', '7']);
  t.deepEqual(
    graph.states.map(({ name, kind, part, happy }) => [name, kind, part, happy]),
    [
      ['mixed', 'work', 'way', true],
      ['baking', 'work', 'way', true],
      ['cooling', 'work', 'way', false],
      ['deciding', 'crossroads', 'way', true],
      ['watching', 'waiting', 'way', false],
      ['binning', 'work', 'undoing', false],
      ['stuck', 'waiting', 'attention', false],
      ['served', 'rest', 'aftercare', true],
      ['cutting', 'work', 'aftercare', false],
      ['binned', 'end', 'undoing', false],
    ],
  );
  t.deepEqual(graph.states[1]?.work, ['oven.bake']);
  t.deepEqual(
    graph.states.filter(({ initial }) => initial).map(({ name }) => name),
    ['mixed'],
  );
});

test('each way tells its cause, the outcome that took it in a story, and its guard by name', (t) => {
  t.deepEqual(
    graph.ways.map(({ from, to, cause, label, guard }) => [from, to, cause, label, guard]),
    [
      ['mixed', 'baking', 'always', 'always', undefined],
      ['baking', 'deciding', 'done', 'cake.risen', undefined],
      ['baking', 'binning', 'done', 'cake.fell', undefined],
      ['baking', 'stuck', 'failed', 'bake failed', undefined],
      ['baking', 'binning', 'deadline', 'cake.burnt', undefined],
      ['baking', 'binning', 'command', 'cake.bin', undefined],
      ['cooling', 'deciding', 'done', 'cool done', undefined],
      ['cooling', 'stuck', 'failed', 'cool failed', undefined],
      ['deciding', 'watching', 'always', 'always', 'isHot and isRaw'],
      ['deciding', 'cooling', 'always', 'always', 'isHot'],
      ['deciding', 'served', 'always', 'always', 'otherwise'],
      ['watching', 'deciding', 'command', 'cake.fetch', undefined],
      ['binning', 'binned', 'done', 'bin done', undefined],
      ['stuck', 'baking', 'command', 'cake.fetch', 'isBurnt'],
      ['stuck', 'binning', 'command', 'cake.fetch', 'otherwise'],
      ['served', 'cutting', 'command', 'cake.cut', undefined],
      ['cutting', 'served', 'done', 'cut done', undefined],
      ['cutting', 'stuck', 'failed', 'cut failed', undefined],
    ],
  );
});

test('what a state takes note of is no way; what every state does is told once', (t) => {
  t.deepEqual(graph.notes, [{ from: 'baking', cause: 'command', label: 'cake.fetch', guard: 'isHot' }]);
  t.deepEqual(
    graph.everywhere.map(({ cause, label }) => [cause, label]),
    [['news', 'bell.rang']],
  );
});

test('what cannot be drawn is refused by its name', (t) => {
  const telling = { happyWay: [], commands: new Set<string>(), outcomes: new Map() };
  const nested = createMachine({
    initial: 'outer',
    states: { outer: { initial: 'inner', states: { inner: {} } } },
  });
  t.throws(() => readMachine(nested, telling), { message: /State outer: expected no states inside it/ });
  const fromEverywhere = createMachine({ initial: 'a', on: { away: '.b' }, states: { a: {}, b: {} } });
  t.throws(() => readMachine(fromEverywhere, telling), {
    message: 'away: expected no way from everywhere, found one to b.',
  });
});

test('a picture has its part; what leads out of it stands in the boxes, and where it is entered from beside them', (t) => {
  const way = pictureOf('way', graph, [happy.passed]);
  t.deepEqual(
    way.lines.map(({ from, to, happy, twoWay }) => [from, to, happy, twoWay]),
    [
      ['mixed', 'baking', true, false],
      ['baking', 'deciding', true, false],
      ['deciding', 'served', true, false],
      ['cooling', 'deciding', false, true],
      ['deciding', 'watching', false, true],
    ],
  );
  const baked = way.boxes.find(({ id }) => id === 'baking');
  t.true(baked?.flagged);
  t.deepEqual(
    baked?.rows.map(({ text }) => text),
    ['cake.fell → binning', 'cake.burnt → binning', 'cake.bin → binning'],
  );
  t.is(way.attention, 'stuck');
  const undoing = pictureOf('undoing', graph, [happy.passed]);
  t.deepEqual(undoing.entries, [{ id: 'to.binning', sources: ['baking'] }]);
  t.is(undoing.attention, undefined);
});

test('crossroads are drawn each time the happy way passes them, and a side way where its story takes it', (t) => {
  const twice = followStory(baking, { input: { hot: true }, events: [risen] }).passed;
  const happyWay = [...twice, 'deciding', 'served'];
  t.deepEqual(happyWay, ['mixed', 'baking', 'deciding', 'cooling', 'deciding', 'served']);
  const side = ['mixed', 'baking', 'deciding', 'cooling', 'deciding', 'watching', 'deciding', 'served'];
  const { boxes, lines } = pictureOf('way', { ...graph, happyWay }, [happyWay, side]);
  t.deepEqual(
    boxes.map(({ id }) => id),
    ['mixed', 'baking', 'deciding@baking', 'cooling', 'deciding@cooling', 'watching', 'served', 'stuck'],
  );
  t.deepEqual(
    lines.map(({ from, to, happy, twoWay, words }) => [
      `${from} ${twoWay ? '<->' : '->'} ${to}`,
      happy,
      words.map(({ text }) => text).join(),
    ]),
    [
      ['mixed -> baking', true, ''],
      ['baking -> deciding@baking', true, 'cake.risen'],
      ['deciding@baking -> cooling', true, '[isHot]'],
      ['cooling -> deciding@cooling', true, 'cool done'],
      ['deciding@cooling -> served', true, '[otherwise]'],
      ['deciding@cooling <-> watching', false, '[isHot and isRaw],cake.fetch'],
    ],
  );
});

test('the page has a row for every state, with its ways and what it takes note of', (t) => {
  const page = writeMarkdown(graph, 'src/cake.ts', [
    { file: 'cake.svg', title: 'A cake', told: 'Its life.' },
  ]);
  t.regex(page, /^!\[A cake\]\(cake\.svg\)$/m);
  t.regex(page, /takes note of `bell\.rang`\.$/m);
  t.regex(
    page,
    /\| \*\*stuck\*\* \| .* \| `cake\.fetch` \[isBurnt\] → baking<br>`cake\.fetch` \[otherwise\] → binning \|/,
  );
  t.regex(page, /\| \*\*baking\*\* .* \| `cake\.fetch` \[isHot\] \|$/m);
  for (const { name } of graph.states) t.true(page.includes(`| **${name}** |`), name);
});
