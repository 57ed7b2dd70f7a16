/** Runs one engine on the one workload, in a process of its own, by the harness in `peers/`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PEERS = fileURLToPath(new URL('./peers', import.meta.url));

/** One phase of the workload; latencies from submit to completed. */
export interface Phase {
  orders: number;
  submitPerS: number;
  completedPerS: number;
  latencyMs: { p50: number; p95: number; p99: number };
  cpuSPer1000: number;
  /** CPU seconds by process. */
  cpuS: Record<string, number>;
  peakRssMiB: number;
  peakPssMiB: number;
  seconds: number;
  /** Of the machine: busy with the peer, with anything, and taken away by the host. */
  coresBusy: number;
  boxBusyCores: number;
  stealCores: number;
  /** CPU seconds of the load generator and the harness for 1,000 orders. */
  loadCpuSPer1000: number;
  harnessCpuSPer1000: number;
}

/** What one run measured; a run whose books do not balance is an error. */
export interface Run {
  peer: string;
  versions: Record<string, string>;
  /** How fast the box was, in thousands of a fixed piece of work per second. */
  speedBefore: number;
  speedAfter: number;
  saturated: Phase;
  window?: Phase;
  open?: Phase;
  startup?: { stored: number; storingS: number; documentsMs: number; engineMs: number };
  error?: string;
}

/** One thing to measure: a peer, and the harness's settings for it. */
export interface Case {
  name: string;
  peer: string;
  settings: Record<string, number>;
}

/** The harness has packages of its own, which the product does without. */
export async function installPeers(say: (line: string) => void): Promise<void> {
  if (existsSync(join(PEERS, 'node_modules', '.package-lock.json'))) return;
  say('installing the packages of bench/peers (npm ci)');
  const npm = spawn('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: PEERS,
    stdio: 'inherit',
  });
  const [code] = await once(npm, 'exit');
  if (code !== 0) throw new Error(`npm ci in ${PEERS} failed (${code}).`);
}

/**
 * One run.
 * @throws Error when it fails, or the books do not balance
 */
async function runOnce({ peer, settings }: Case): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'ordo-bench-'));
  try {
    const file = join(folder, 'run.json');
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const child = spawn(process.execPath, ['bench.mjs', peer, '--quiet', '--json', file, ...args], {
      cwd: PEERS,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const [code] = await once(child, 'exit');
    const run = existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Run) : undefined;
    if (run === undefined || code !== 0) throw new Error(`${peer}: ${run?.error ?? `ended with ${code}`}`);
    return run;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** All cases in turn, so often; what drifts on the machine then drifts for all of them. */
export async function runInterleaved(
  cases: Case[],
  repeat: number,
  say: (line: string) => void,
): Promise<Map<string, Run[]>> {
  const runs = new Map<string, Run[]>(cases.map(({ name }) => [name, []]));
  for (let round = 1; round <= repeat; round += 1) {
    // Every round begins with another one: what the one before has left to the disk is nobody's alone.
    const first = (round - 1) % cases.length;
    const inTurn = [...cases.slice(first), ...cases.slice(0, first)];
    for (const [index, each] of inTurn.entries()) {
      say(`round ${round} of ${repeat}, ${index + 1} of ${cases.length}: ${each.name}`);
      const run = await runOnce(each);
      runs.get(each.name)?.push(run);
      const { saturated, window } = run;
      say(`  ${saturated.completedPerS}/s in the flood, ${window?.completedPerS ?? '-'}/s in the window`);
    }
  }
  return runs;
}
