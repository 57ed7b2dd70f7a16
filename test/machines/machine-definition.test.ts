/** The machine as JSON: the same states and ways, and what it says of commands is what the engine accepts. */
import test from 'ava';
import { type AnyMachineSnapshot, type AnyStateNode, createMachine, initialTransition } from 'xstate';
import { commandsIn } from '../../packages/client/src/index.ts';
import { describeMachine, type StateDefinition } from '../../src/machines/machine-definition.ts';
import { orderMachine } from '../../src/machines/order-machine.ts';
import type { Role } from '../../src/machines/order-types.ts';
import { COMMAND_ROLES } from '../../src/machines/order-view.ts';
import { placedOrder } from '../support/orders.ts';

const definition = describeMachine(orderMachine, COMMAND_ROLES);

/** Every state node as a path, with the events that it takes. */
function nodesOf(node: AnyStateNode): [string, string[]][] {
  const children = Object.values<AnyStateNode>(node.states).flatMap(nodesOf);
  return [[node.path.join('.'), [...node.transitions.keys()].sort()], ...children];
}

test('it is plain JSON, and XState makes the same machine of it again', (t) => {
  const plain = JSON.parse(JSON.stringify(definition));
  t.deepEqual(plain, definition);
  const { commands: _, ...config } = plain;
  const again = createMachine(config);
  t.is(again.version, orderMachine.version);
  t.deepEqual(nodesOf(again.root), nodesOf(orderMachine.root));
});

test('every way leads to the state that the machine itself leads to', (t) => {
  const { commands: _, ...config } = structuredClone(definition);
  const again = createMachine(config as object);
  const targets = (node: AnyStateNode): string[] => [
    ...[...node.transitions.values(), node.always ?? []]
      .flat()
      .map(({ eventType, target }) => `${node.id} ${eventType} ${target?.map(({ id }) => id)}`),
    ...Object.values<AnyStateNode>(node.states).flatMap(targets),
  ];
  t.deepEqual(targets(again.root), targets(orderMachine.root));
});

test('every command that people may send is in it, with the roles that may', (t) => {
  t.deepEqual(
    Object.fromEntries(Object.entries(definition.commands).map(([type, { roles }]) => [type, roles])),
    COMMAND_ROLES,
  );
});

test('a command that no way without a guard takes is marked by its guards', (t) => {
  const states = Object.entries<StateDefinition>(definition.states ?? {});
  t.true(states.some(([, { on }]) => on?.['order.cancel']?.some(({ guard }) => guard === undefined)));
  t.true(states.some(([, { on }]) => on?.['order.retry']?.[0]?.guard !== undefined));
});

test('what clients tell from it is what the engine accepts, in every state and for every role', (t) => {
  const [initial] = initialTransition(orderMachine, placedOrder().input);
  const roles: Role[] = ['customer', 'operator', 'admin'];
  let told = 0;
  for (const state of Object.keys(orderMachine.states))
    for (const role of roles) {
      const commands = commandsIn(definition, state, role);
      if (commands === undefined) return t.fail(`${state} is not in the definition`);
      const snapshot = orderMachine.resolveState({ value: state as never, context: initial.context });
      const accepted = Object.entries(COMMAND_ROLES)
        .filter(([, who]) => who.includes(role))
        .map(([type]) => type)
        // Where only a guard decides, clients ask the engine.
        .filter((type) => !commands.guarded.includes(type) && snapshot.can({ type } as never));
      t.deepEqual([...commands.allowed].sort(), accepted.sort(), `${role} in ${state}`);
      told += accepted.length;
    }
  t.true(told > 0);
  t.is(commandsIn(definition, 'nowhere', 'admin'), undefined);
});

test('nested and parallel states keep their shape', (t) => {
  const nested = createMachine({
    id: 'nested',
    version: '3',
    type: 'parallel',
    states: {
      left: {
        initial: 'a',
        states: { a: { on: { go: 'b', away: '#nested.right.c' } }, b: { type: 'final' } },
      },
      right: { initial: 'c', states: { c: { after: { soon: 'd' } }, d: {} }, onDone: {} },
    },
  });
  const shape = describeMachine(nested, { go: ['admin'], unknown: ['admin'] });
  t.is(shape.type, 'parallel');
  t.deepEqual(shape.states?.left?.states?.a?.on, {
    go: [{ target: 'b' }],
    away: [{ target: '#nested.right.c' }],
  });
  t.deepEqual(shape.states?.right?.states?.c?.after, { soon: [{ target: 'd' }] });
  t.deepEqual(shape.commands, { go: { roles: ['admin'] } });
  const { commands: _, ...config } = shape;
  const snapshot: AnyMachineSnapshot = createMachine(config as object).resolveState({
    value: { left: 'a', right: 'c' },
  });
  t.true(snapshot.can({ type: 'go' }));
});
