/** The limit: how near the engine comes to the same durable writes and jobs with no engine around them. */
import { type Run, runInterleaved } from '../harness.ts';
import { demandNote, medianOf, ratio, workloadTable } from '../report.ts';
import { type Part, settingsOf, withoutOpenLoop } from './part.ts';

export const limit: Part = async ({ options, say }) => {
  const settings = withoutOpenLoop(settingsOf(options));
  const cases = ['ordo', 'bare'].map((peer) => ({ name: peer, peer, settings }));
  const runs = await runInterleaved(cases, options.repeat, say);
  const share = (pick: (run: Run) => number | undefined) =>
    ratio(medianOf(runs.get('ordo'), pick), medianOf(runs.get('bare'), pick));
  const flood = share((run) => run.saturated.completedPerS);
  const window = share((run) => run.window?.completedPerS);
  const notes = [
    `of the bare loop the engine does ${flood} in the flood and ${window} in the window`,
    ...[...runs].flatMap(([name, list]) => demandNote(name, list)),
  ];
  const title = 'The limit: the same writes and jobs without an engine';
  return [{ title, ...workloadTable(runs), notes, data: [...runs] }];
};
