/** Sets what was measured as tables, and keeps it: a table for people, JSON for programs. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Phase, Run } from './harness.ts';
import type { Options } from './options.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What a part measured: one table, and everything behind it. */
export interface Section {
  title: string;
  head: string[];
  rows: string[][];
  notes: string[];
  data: unknown;
}

/** What the figures hold for. */
export interface Provenance {
  at: string;
  commit: string;
  node: string;
  machine: { cpus: number; model: string; memoryGiB: number; kernel: string; loadBefore: number };
  settings: Options;
}

const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();

/** Where, when and on what this is measured; `-dirty`: with changes that are not committed. */
export function describe(settings: Options): Provenance {
  const changed = git('status', '--porcelain', '--', 'src', 'packages', 'bench', ':!bench/results') !== '';
  const [cpu] = cpus();
  return {
    at: new Date().toISOString(),
    commit: `${git('rev-parse', '--short', 'HEAD')}${changed ? '-dirty' : ''}`,
    node: process.version,
    machine: {
      cpus: cpus().length,
      model: cpu?.model ?? 'unknown',
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      kernel: release(),
      loadBefore: loadavg()[0] ?? 0,
    },
    settings,
  };
}

/** The middle one; of an even number the lower middle one, for a figure must have been measured. */
function median(values: (number | undefined)[]): number | undefined {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1];
}

/** A figure as a table has it; a dash where nothing was measured. */
export const show = (value: number | undefined, digits = 0) => value?.toFixed(digits) ?? '–';

/** How much the first is of the second. */
export function ratio(value: number | undefined, of: number | undefined): string {
  return value === undefined || of === undefined ? '–' : (value / of).toFixed(2);
}

/** Median with the range, where there was more than one run. */
function cell(runs: Run[], pick: (run: Run) => number | undefined, digits = 0): string {
  const values = runs.map(pick).filter((value) => value !== undefined);
  const range =
    values.length > 1 ? ` (${show(Math.min(...values), digits)}–${show(Math.max(...values), digits)})` : '';
  return `${show(median(values), digits)}${range}`;
}

/** The median of a phase's figure over the runs of a case. */
export const medianOf = (runs: Run[] | undefined, pick: (run: Run) => number | undefined) =>
  median((runs ?? []).map(pick));

const COLUMNS: [string, (runs: Run[]) => string][] = [
  ['flood orders/s', (runs) => cell(runs, (run) => run.saturated.completedPerS)],
  ['window orders/s', (runs) => cell(runs, (run) => run.window?.completedPerS)],
  ['window p50 ms', (runs) => cell(runs, (run) => run.window?.latencyMs.p50)],
  ['p95', (runs) => cell(runs, (run) => run.window?.latencyMs.p95)],
  ['p99', (runs) => cell(runs, (run) => run.window?.latencyMs.p99)],
  ['at 50/s p50 ms', (runs) => cell(runs, (run) => run.open?.latencyMs.p50, 1)],
  ['p95', (runs) => cell(runs, (run) => run.open?.latencyMs.p95, 1)],
  ['p99', (runs) => cell(runs, (run) => run.open?.latencyMs.p99, 1)],
  ['CPU s per 1,000 (window)', (runs) => cell(runs, (run) => run.window?.cpuSPer1000, 2)],
  ['other load, cores', (runs) => cell(runs, (run) => Math.max(...phases(run).map(othersOf)), 1)],
  [
    'peak PSS MiB',
    (runs) => cell(runs, (run) => Math.max(...phases(run).map(({ peakPssMiB }) => peakPssMiB))),
  ],
];

function phases({ saturated, window, open }: Run): Phase[] {
  return [saturated, window, open].filter((phase) => phase !== undefined);
}

/** Cores that were busy with something else than the run, or taken away: what makes a figure doubtful. */
function othersOf(phase: Phase): number {
  const { orders, seconds, coresBusy, boxBusyCores, stealCores, loadCpuSPer1000, harnessCpuSPer1000 } = phase;
  const ours = coresBusy + ((loadCpuSPer1000 + harnessCpuSPer1000) * orders) / 1000 / seconds;
  return Math.max(0, boxBusyCores + stealCores - ours);
}

/** The table of cases that ran on the workload. */
export function workloadTable(runs: Map<string, Run[]>): Pick<Section, 'head' | 'rows'> {
  return {
    head: ['', ...COLUMNS.map(([name]) => name)],
    rows: [...runs].map(([name, list]) => [name, ...COLUMNS.map(([, set]) => set(list))]),
  };
}

/** Where the CPU of the window went, in milliseconds an order, by process. */
export function demandNote(name: string, runs: Run[] | undefined): string[] {
  const window = runs?.at(-1)?.window;
  if (window === undefined) return [];
  const parts = Object.entries(window.cpuS).map(
    ([part, s]) => `${part} ${((s / window.orders) * 1000).toFixed(2)}`,
  );
  return [`${name}: CPU ms per order in the window: ${parts.join(', ')}`];
}

/** One section as Markdown, its columns aligned for a terminal too. */
export function setSection({ title, head, rows, notes }: Section): string {
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: string[]) =>
    `| ${cells.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  const table = [line(head), rule, ...rows.map(line)].join('\n');
  return `## ${title}\n\n${table}\n${notes.map((note) => `\n- ${note}`).join('')}\n`;
}

/** Writes `<path>.md` and `<path>.json`; returns the path. */
export function keep(provenance: Provenance, sections: Section[]): string {
  const { settings, at, commit, node, machine } = provenance;
  const path =
    settings.out ?? `${ROOT}bench/results/${at.slice(0, 10)}-${commit}${settings.quick ? '-quick' : ''}`;
  mkdirSync(dirname(path), { recursive: true });
  const about =
    `# Benchmark of ${at.slice(0, 16).replace('T', ' ')} UTC\n\nCommit ${commit}, Node ${node}, ${machine.cpus} x ` +
    `${machine.model}, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, load before ${machine.loadBefore.toFixed(1)}. ` +
    `Medians (lowest–highest) of ${settings.repeat} interleaved rounds; all settings stand in the JSON.\n`;
  writeFileSync(`${path}.md`, `${about}\n${sections.map(setSection).join('\n')}`);
  writeFileSync(`${path}.json`, `${JSON.stringify({ ...provenance, sections }, null, 1)}\n`);
  return path;
}
