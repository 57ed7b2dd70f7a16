/** The workload on our engine, and on those that somebody would pick instead. */
import { runInterleaved } from '../harness.ts';
import { demandNote, medianOf, ratio, workloadTable } from '../report.ts';
import { type Part, settingsOf } from './part.ts';

const ORDO = 'ordo';

/** About how many orders each completes in a second on two cores, so that all run for about as long. */
const NOMINAL_PER_S: Record<string, number> = {
  ordo: 250,
  naive: 300,
  dbos: 85,
  restate: 220,
  'restate-4p': 300,
  'restate-vo': 120,
  'restate-xstate': 45,
};

/** Our engine alone. */
export const workload: Part = async ({ options, say }) => {
  const runs = await runInterleaved(
    [{ name: ORDO, peer: ORDO, settings: settingsOf(options) }],
    options.repeat,
    say,
  );
  const table = workloadTable(runs);
  return [{ title: 'The workload', ...table, notes: demandNote(ORDO, runs.get(ORDO)), data: [...runs] }];
};

/** Our engine and the peers, interleaved. */
export const peers: Part = async ({ options, say }) => {
  const names = [ORDO, ...options.peers];
  const cases = names.map((peer) => ({
    name: peer,
    peer,
    settings: settingsOf(options, NOMINAL_PER_S[peer]),
  }));
  const runs = await runInterleaved(cases, options.repeat, say);
  const flood = (name: string) => medianOf(runs.get(name), (run) => run.saturated.completedPerS);
  const window = (name: string) => medianOf(runs.get(name), (run) => run.window?.completedPerS);
  const notes = options.peers.map(
    (name) =>
      `${ORDO} to ${name}: ${ratio(flood(ORDO), flood(name))} in the flood, ` +
      `${ratio(window(ORDO), window(name))} in the window`,
  );
  return [{ title: 'The peers, on the same workload', ...workloadTable(runs), notes, data: [...runs] }];
};
