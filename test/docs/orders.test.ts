/** What `docs/orders.md` says of states, commands and refusals is what the machine and the API do. */
import test from 'ava';
import { commandBody } from '../../src/http/command-schemas.ts';
import { PROBLEMS } from '../../src/http/problems.ts';
import { describeMachine } from '../../src/machines/machine-definition.ts';
import { orderMachine } from '../../src/machines/order-machine.ts';
import { COMMAND_ROLES } from '../../src/machines/order-view.ts';
import { codesIn, readPage, tableRows } from './pages.ts';

const page = readPage('docs/orders.md');
const states = describeMachine(orderMachine, COMMAND_ROLES).states ?? {};

test('the table of states has each state that an order can be in, its ends in bold', (t) => {
  const cells = tableRows(page, '## The order as it stands').map(([state = '']) => state);
  const crossroads = Object.entries(states).filter(([, { always }]) => always !== undefined);
  const inTable = [...cells, ...crossroads.map(([name]) => `\`${name}\``)].flatMap(codesIn).sort();
  t.deepEqual(inTable, Object.keys(states).sort());
  const ends = Object.entries(states).filter(([, { type, tags }]) => type === 'final' || tags !== undefined);
  const bold = cells.flatMap((cell) => cell.match(/\*\*`\w+`\*\*/g) ?? []).flatMap(codesIn);
  t.deepEqual(bold.sort(), ends.map(([name]) => name).sort());
});

test('the crossroads that the page names are those of the machine', (t) => {
  const [, named = ''] = /\n(.*) are crossroads/.exec(page) ?? [];
  const crossroads = Object.entries(states).filter(([, { always }]) => always !== undefined);
  t.deepEqual(codesIn(named).sort(), crossroads.map(([name]) => name).sort());
});

test('the table of commands has each command, with a body that is taken, its senders, and its states', (t) => {
  const rows = tableRows(page, '## Commands').map(([body = '', who = '', takenIn = '']) => {
    const command = commandBody.parse(JSON.parse(codesIn(body)[0] ?? ''));
    return [command.type, { who, takenIn: codesIn(takenIn).sort() }] as const;
  });
  const actual = Object.entries(COMMAND_ROLES).map(([type, roles]) => {
    const takenIn = Object.keys(states).filter((name) => type in (states[name]?.on ?? {}));
    return [type, { who: roles.length === 3 ? 'everybody' : 'operators', takenIn: takenIn.sort() }] as const;
  });
  t.is(rows.length, actual.length);
  t.deepEqual(Object.fromEntries(rows), Object.fromEntries(actual));
});

test('each refusal has the status that the page says', (t) => {
  const rows = tableRows(page, '## What is refused');
  t.true(rows.length > 5);
  const problems: Readonly<Record<string, { status: number }>> = PROBLEMS;
  for (const [statuses = '', codes = ''] of rows)
    for (const code of codesIn(codes))
      t.true(statuses.split(', ').includes(String(problems[code]?.status)), code);
});

test('the README has every command, and says of each who may send it', (t) => {
  const rows = tableRows(readPage('README.md'), '## What can happen to an order');
  const documented = rows.flatMap(([commands = '', who = '']) =>
    codesIn(commands).map((type) => [type, who]),
  );
  const actual = Object.entries(COMMAND_ROLES).map(([type, roles]) => [
    type,
    roles.length === 3 ? 'everybody' : 'operators',
  ]);
  t.deepEqual(Object.fromEntries(documented), Object.fromEntries(actual));
});
