import test from 'ava';
import { MUTANTS } from './mutants.ts';
import { faultOf, runMutant } from './run-mutant.ts';

test('every guard that a mutant takes away stands where it says, once', (t) => {
  t.deepEqual(
    MUTANTS.flatMap((mutant) => faultOf(mutant) ?? []),
    [],
  );
  t.is(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length);
  t.true(MUTANTS.length >= 12);
});

const named = (wanted: string) => {
  const mutant = MUTANTS.find(({ name }) => name === wanted);
  if (mutant === undefined) throw new Error(`There is no mutant named ${wanted}.`);
  return mutant;
};

test('a guard taken away is caught by the simulation', async (t) => {
  t.is(await runMutant(named('stale-outcome check')), 'caught');
});

test('a guard taken away is caught by a test of its own', async (t) => {
  t.is(await runMutant(named('look-up before a charge is repeated')), 'caught');
});

test('a change that changes nothing survives: what is caught is the missing guard', async (t) => {
  const mutant = named('look-up before a charge is repeated');
  t.is(await runMutant({ ...mutant, replacement: `(${mutant.snippet})` }), 'survived');
});

test('a mutant whose file is never loaded proves nothing, and says so', async (t) => {
  const mutant = {
    ...named('look-up before a charge is repeated'),
    caughtBy: { tests: ['test/actors/actor.test.ts'] },
  };
  await t.throwsAsync(() => runMutant(mutant), { message: /was never loaded/ });
});
