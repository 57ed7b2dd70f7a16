/** Fail points: there for those who ask for them at the start, and for nobody else. */
import test from 'ava';
import { mongo } from 'mongoose';
import { client, server } from './helpers.ts';

test('without test commands there are no fail points', async (t) => {
  const { uri } = await server(t);
  const admin = (await client(t, uri)).db('admin');
  await t.throwsAsync(admin.command({ configureFailPoint: 'failCommand', mode: 'off' }), {
    message: "no such command: 'configureFailPoint'",
  });
});

test('a command fails on order: with an error, a lost connection, an error of the write concern, a pause', async (t) => {
  const { uri } = await server(t, { testCommands: true });
  const connected = await client(t, uri);
  const things = connected.db('test').collection('things');
  const fail = (data: mongo.Document, mode: unknown = { times: 1 }) =>
    connected.db('admin').command({ configureFailPoint: 'failCommand', mode, data });
  await fail({ failCommands: ['insert'], errorCode: 26 });
  await t.throwsAsync(things.insertOne({ a: 1 }), { instanceOf: mongo.MongoServerError });
  await things.insertOne({ a: 1 });
  await fail({ failCommands: ['insert'], closeConnection: true });
  await things.insertOne({ a: 2 });
  await fail({ failCommands: ['insert'], writeConcernError: { code: 64, errmsg: 'no' } });
  await t.throwsAsync(things.insertOne({ a: 3 }), { instanceOf: mongo.MongoWriteConcernError });
  await fail({ failCommands: ['find'], blockConnection: true, blockTimeMS: 100 });
  const startedMs = performance.now();
  t.is((await things.find().toArray()).length, 3);
  t.true(performance.now() - startedMs >= 95);
  await t.throwsAsync(fail({ failCommands: ['insert'], surprise: 1 }), {
    message: /does not know 'surprise'/,
  });
  await t.throwsAsync(fail({}, { times: 0 }), { message: /a fail point's mode/ });
});
