import test from 'ava';
import { createHealthApp } from '../../src/http/app.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { call, createLogBook, serve, startApp } from './support/running-app.ts';

const fine = () => Promise.resolve();

test('the process is alive whatever it stands on', async (t) => {
  const app = await startApp(t, { checks: { mongodb: () => Promise.reject(new Error('away')) } });
  const { status, json } = await app.call('GET', '/health');
  t.is(status, 200);
  t.like(json, { status: 'ok', version: '1.2.3' });
});

test('ready means that every dependency answers', async (t) => {
  const app = await startApp(t, { checks: { mongodb: fine, redis: fine } });
  const { status, json } = await app.call('GET', '/health/ready');
  t.is(status, 200);
  t.deepEqual(json.checks, { mongodb: { status: 'ok' }, redis: { status: 'ok' } });
});

test('the dependency that fails is named; why, is in the log alone', async (t) => {
  const redis = () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:6379'));
  const app = await startApp(t, { checks: { mongodb: fine, redis } });
  const { status, json, text } = await app.call('GET', '/health/ready');
  t.is(status, 503);
  t.deepEqual(json.checks, { mongodb: { status: 'ok' }, redis: { status: 'failing' } });
  t.notRegex(text, /10\.0\.0\.7/);
  t.like(app.lines[0], { dependency: 'redis', reason: 'connect ECONNREFUSED 10.0.0.7:6379' });
});

test('a dependency that throws at once is failing like any other', async (t) => {
  const mongodb = () => {
    throw new Error('no connection');
  };
  const app = await startApp(t, { checks: { mongodb } });
  t.is((await app.call('GET', '/health/ready')).status, 503);
});

test('a dependency that does not answer within two seconds is failing', async (t) => {
  let asked: () => void = () => {};
  const beingAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const redis = () => {
    asked();
    return new Promise<void>(() => {});
  };
  const app = await startApp(t, { checks: { mongodb: fine, redis } });
  const answer = app.call('GET', '/health/ready');
  await beingAsked;
  app.clock.advance(2000);
  const { status, json } = await answer;
  t.is(status, 503);
  t.deepEqual(json.checks, { mongodb: { status: 'ok' }, redis: { status: 'failing' } });
});

test('a worker serves its health and nothing else', async (t) => {
  const clock = createFakeClock(new Date(0));
  const { logger } = createLogBook();
  const url = await serve(t, createHealthApp({ checks: { redis: fine }, clock, logger, version: '1.2.3' }));
  t.is((await call(url, 'GET', '/health')).status, 200);
  t.is((await call(url, 'GET', '/health/ready')).status, 200);
  for (const path of ['/', '/api/v1/products', '/admin/queues', '/admin/login']) {
    const answer = await call(url, 'GET', path);
    t.is(answer.status, 404, path);
    t.is(answer.json.code, 'route-not-found');
  }
  t.is((await call(url, 'POST', '/health')).status, 405);
});
