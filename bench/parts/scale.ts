/** Scale-out on this machine: the engine as one process, and as one that serves and several that work. */
import { runInterleaved } from '../harness.ts';
import { demandNote, workloadTable } from '../report.ts';
import { type Part, settingsOf, withoutOpenLoop } from './part.ts';

export const scale: Part = async ({ options, say }) => {
  const settings = withoutOpenLoop(settingsOf(options));
  const split = options.workers.map((workers) => ({
    name: `api + ${workers} worker${workers === 1 ? '' : 's'}`,
    peer: 'ordo',
    settings: { ...settings, workers },
  }));
  const runs = await runInterleaved(
    [{ name: 'one process', peer: 'ordo', settings }, ...split],
    options.repeat,
    say,
  );
  const notes = [...runs].flatMap(([name, list]) => demandNote(name, list));
  return [{ title: 'Scale-out on this machine', ...workloadTable(runs), notes, data: [...runs] }];
};
