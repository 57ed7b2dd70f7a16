/** The workload on our engine, and on those that somebody would pick instead. */
import { runInterleaved } from '../harness.ts';
import { demandNote, medianOf, ratio, workloadTable } from '../report.ts';
import { type Part, type Rate, settingsOf } from './part.ts';

const ORDO = 'ordo';

/** So that all of them run for about as long, as in `peers/results/plan.json`. */
const RATES: Record<string, Rate> = {
  naive: { flood: 330, window: 300 },
  dbos: { flood: 130, window: 150 },
  restate: { flood: 420, window: 300 },
  'restate-4p': { flood: 470, window: 420 },
  'restate-vo': { flood: 200, window: 160 },
  'restate-xstate': { flood: 70, window: 50 },
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
    settings: settingsOf(options, RATES[peer]),
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
