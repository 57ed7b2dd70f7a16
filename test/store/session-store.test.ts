import test from 'ava';
import { connectStore } from '../../src/store/connect.ts';
import { createSessionStore, sessionModel } from '../../src/store/session-store.ts';
import { createUserStore, userModel } from '../../src/store/user-store.ts';
import { migrate } from '../support/migrate.ts';
import { START } from '../support/orders.ts';
import { startServices } from '../support/services.ts';

const endings: (() => unknown)[] = [];
const services = await startServices({ teardown: (fn) => endings.push(fn) });
const connection = await connectStore(services.mongodbUri);
endings.unshift(() => connection.close());
await migrate(connection);
const users = createUserStore(userModel(connection), () => `user-${Math.random()}`);
const sessions = createSessionStore(sessionModel(connection), userModel(connection));

test.after.always(async () => {
  for (const end of endings.splice(0)) await end();
});

const LATER = new Date(START.getTime() + 1_000);

/** A user with open sessions of those ids. */
async function open(...ids: string[]) {
  const name = ids.join('-');
  const facts = { email: `${name}@example.com`, username: name, role: 'customer', createdAt: START } as const;
  const user = await users.create({ ...facts, passwordHash: 'h0' });
  for (const id of ids)
    await sessions.insert({
      id,
      userId: user.id,
      epoch: 0,
      createdAt: START,
      expiresAt: LATER,
      tokenHash: `${id}-0`,
    });
  return user;
}

const live = async (ids: string[], now = START) => [...(await sessions.liveAmong(ids, now)).keys()].sort();

test('a token is exchanged once, of fifty at once too, and its second use ends the session', async (t) => {
  const user = await open('a');
  const next = { tokenHash: 'a-1', expiresAt: LATER };
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => sessions.rotate('a-0', next, START)));
  const of = (outcome: string) => outcomes.filter((one) => one?.outcome === outcome);
  t.is(of('rotated').length, 1);
  t.is(of('reused').length, 49);
  t.like(of('reused')[0]?.session, { id: 'a', userId: user.id });
  t.deepEqual(await live(['a']), []);
  t.is(await sessions.rotate('a-1', { tokenHash: 'a-2', expiresAt: LATER }, START), undefined);
  t.is(await sessions.rotate('unknown', next, START), undefined);
});

test('a session counts until it ends or expires, or its token is looked for in vain', async (t) => {
  await open('b1', 'b2');
  t.deepEqual(await live(['b1', 'b2', 'none']), ['b1', 'b2']);
  t.deepEqual(await live(['b1', 'b2'], LATER), []);
  await sessions.end('b1', START);
  t.deepEqual(await live(['b1', 'b2']), ['b2']);
  t.is(await sessions.rotate('b1-0', { tokenHash: 'b1-1', expiresAt: LATER }, START), undefined);
  t.is((await sessions.findByToken('b2-0'))?.id, 'b2');
  await sessions.rotate('b2-0', { tokenHash: 'b2-1', expiresAt: LATER }, START);
  t.is((await sessions.findByToken('b2-0'))?.id, 'b2', 'a used one names its session too');
  t.is(await sessions.rotate('b2-1', { tokenHash: 'b2-2', expiresAt: LATER }, LATER), undefined, 'too late');
});

test('one write to the user ends all sessions: another role, and being disabled', async (t) => {
  const user = await open('c1', 'c2');
  t.like(await users.setRole(user.id, 'operator'), { role: 'operator', id: user.id });
  t.deepEqual(await live(['c1', 'c2']), []);
  const other = await open('d1');
  t.deepEqual((await users.setDisabled(other.id, START))?.disabledAt, START);
  t.deepEqual(await live(['d1']), []);
  t.is((await users.setDisabled(other.id, undefined))?.disabledAt, undefined);
  t.deepEqual(await live(['d1']), [], 'enabling brings none back');
  t.is(await users.setRole('nobody', 'admin'), undefined);
});

test('a changed password keeps one session, the next change another, and being disabled none', async (t) => {
  const user = await open('e1', 'e2', 'e3');
  const change = (from: string, to: string, keptSessionId: string) =>
    users.setPassword(user.id, { from, to, keptSessionId });
  t.true(await change('h0', 'h1', 'e1'));
  t.deepEqual(await live(['e1', 'e2', 'e3']), ['e1']);
  t.false(await change('h0', 'h2', 'e1'), 'the password it replaces is another by now');
  t.true(await change('h1', 'h2', 'e1'));
  t.deepEqual(await live(['e1', 'e2', 'e3']), ['e1']);
  t.like(await users.findAccount(user.id), { passwordHash: 'h2', sessionEpoch: 2 });
  await users.setDisabled(user.id, START);
  t.deepEqual(await live(['e1']), []);
});

test('users are found by email and username, and listed newest first', async (t) => {
  const user = await open('f');
  t.is((await users.findByEmail('F@example.com'))?.id, user.id);
  t.is((await users.findByUsername('f'))?.id, user.id);
  const idOf = ({ id }: { id: string }) => id;
  const [first, ...rest] = await users.list({ limit: 100 });
  const second = await users.list({ limit: 1, after: String(first?.id) });
  // Others are changed meanwhile, by the tests beside this one.
  t.deepEqual(second.map(idOf), rest.slice(0, 1).map(idOf));
});
