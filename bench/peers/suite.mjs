#!/usr/bin/env node
// All peers, interleaved (A B C ... A B C ...), medians with min-max:  node suite.mjs --repeat 3 --out results/NAME
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, r, sleep } from './lib/util.mjs';
import { box } from './lib/procstat.mjs';

const opts = parseArgs(process.argv.slice(2), { repeat: 3, concurrency: 64, target: 25, 'window-target': 10, 'rate-seconds': 20, rate: 50, calibrate: 1200, out: 'results/suite', plan: '', 'idle-below': 0.2, 'idle-wait': 180 });
const here = path.dirname(new URL(import.meta.url).pathname);
const peers = opts._.length ? opts._ : ['ordo', 'naive', 'dbos', 'restate', 'restate-4p', 'restate-vo', 'restate-xstate'];

/** Waits (within reason) until nothing else uses the box. */
async function idle() {
  for (let t = 0; t < opts['idle-wait']; t += 3) { const a = box().busy; await sleep(3000); if ((box().busy - a) / 3 < opts['idle-below']) return; }
  console.error('the box did not become idle; measuring anyway');
}

async function bench(peer, args) {
  await idle();
  const file = path.join(os.tmpdir(), `peers-suite-${process.pid}.json`);
  return new Promise((resolve) => {
    const c = spawn(process.execPath, ['bench.mjs', peer, '--quiet', '--json', file, ...args.map(String)], { cwd: here, stdio: ['ignore', 'ignore', 'inherit'] });
    c.on('exit', (code) => { let j = null; try { j = JSON.parse(fs.readFileSync(file, 'utf8')); fs.rmSync(file); } catch { /* none */ } resolve({ code, j }); });
  });
}
const clamp = (x, a, b) => Math.round(Math.min(b, Math.max(a, x)) / 100) * 100;

const plan = opts.plan ? JSON.parse(fs.readFileSync(opts.plan, 'utf8')) : {};
for (const p of peers) {
  if (plan[p]) continue;
  const { j } = await bench(p, ['--orders', opts.calibrate, '--window-orders', 600, '--rate-seconds', 0, '--concurrency', opts.concurrency]);
  plan[p] = { orders: clamp((j?.saturated?.completedPerS || 50) * opts.target, 600, 20000), windowOrders: clamp((j?.window?.completedPerS || 50) * opts['window-target'], 400, 8000) };
  console.error(`plan ${p}: ${JSON.stringify(plan[p])} (calibration ${j?.saturated?.completedPerS}/s, ${j?.window?.completedPerS}/s)`);
}
const runs = [];
for (let k = 0; k < opts.repeat; k++) for (const p of peers) {
  const { code, j } = await bench(p, ['--orders', plan[p].orders, '--window-orders', plan[p].windowOrders, '--concurrency', opts.concurrency, '--rate', opts.rate, '--rate-seconds', opts['rate-seconds']]);
  runs.push({ round: k, peer: p, code, ...j });
  const s = j?.saturated;
  console.error(`round ${k + 1} ${p}: ${code ? `FAILED ${j?.error}` : `${s.completedPerS}/s in ${s.seconds} s, other load ${r(s.boxBusyCores - s.coresBusy - (s.loadCpuSPer1000 + s.harnessCpuSPer1000) * s.orders / 1000 / s.seconds, 2)} cores, stolen ${s.stealCores}, box speed ${j.speedBefore} then ${j.speedAfter}`}`);
  fs.mkdirSync(path.dirname(path.resolve(here, opts.out)), { recursive: true });
  fs.writeFileSync(path.resolve(here, `${opts.out}.json`), JSON.stringify({ opts: { ...opts, _: undefined, plan: undefined, out: undefined }, plan, runs }, null, 1));
}

const cell = (list, f, d = 0) => {
  const v = list.map(f).filter((x) => x !== null && x !== undefined && Number.isFinite(x)).sort((a, b) => a - b);
  if (!v.length) return '–';
  const x = (y) => r(y, d);
  return v.length === 1 ? `${x(v[0])}` : `${x(v[(v.length - 1) >> 1])} (${x(v[0])}–${x(v[v.length - 1])})`;
};
const rows = [
  ['orders N (flood / window / open)', (l, p) => `${plan[p].orders} / ${plan[p].windowOrders} / ${opts.rate * opts['rate-seconds']}`],
  ['box speed, before and after (thousand JSON round trips/s, one core)', (l) => cell(l, (x) => (x.speedBefore + x.speedAfter) / 2)],
  ['runs verified', (l) => `${l.filter((x) => x.verify?.ok).length} of ${l.length}`],
  [`flood: submit/s (C=${opts.concurrency})`, (l) => cell(l, (x) => x.saturated?.submitPerS)],
  ['flood: completed orders/s', (l) => cell(l, (x) => x.saturated?.completedPerS, 1)],
  ['flood: seconds', (l) => cell(l, (x) => x.saturated?.seconds, 1)],
  ['flood: latency p50 ms', (l) => cell(l, (x) => x.saturated?.latencyMs.p50)],
  ['flood: latency p95 ms', (l) => cell(l, (x) => x.saturated?.latencyMs.p95)],
  ['flood: latency p99 ms', (l) => cell(l, (x) => x.saturated?.latencyMs.p99)],
  ['flood: submit p50 ms', (l) => cell(l, (x) => x.saturated?.submitMs.p50, 1)],
  ['flood: CPU s per 1000 orders', (l) => cell(l, (x) => x.saturated?.cpuSPer1000, 2)],
  ['flood: cores busy, peer', (l) => cell(l, (x) => x.saturated?.coresBusy, 2)],
  ['flood: disk flushes per order', (l) => cell(l, (x) => x.saturated?.perOrder.diskFlushes, 2)],
  ['window 64: completed orders/s', (l) => cell(l, (x) => x.window?.completedPerS, 1)],
  ['window 64: latency p50 ms', (l) => cell(l, (x) => x.window?.latencyMs.p50)],
  ['window 64: latency p95 ms', (l) => cell(l, (x) => x.window?.latencyMs.p95)],
  ['window 64: latency p99 ms', (l) => cell(l, (x) => x.window?.latencyMs.p99)],
  ['window 64: CPU s per 1000 orders', (l) => cell(l, (x) => x.window?.cpuSPer1000, 2)],
  [`open ${opts.rate}/s: completed orders/s`, (l) => cell(l, (x) => x.open?.completedPerS, 1)],
  [`open ${opts.rate}/s: latency p50 ms`, (l) => cell(l, (x) => x.open?.latencyMs.p50, 1)],
  [`open ${opts.rate}/s: latency p95 ms`, (l) => cell(l, (x) => x.open?.latencyMs.p95, 1)],
  [`open ${opts.rate}/s: latency p99 ms`, (l) => cell(l, (x) => x.open?.latencyMs.p99, 1)],
  [`open ${opts.rate}/s: CPU s per 1000 orders`, (l) => cell(l, (x) => x.open?.cpuSPer1000, 2)],
  [`open ${opts.rate}/s: disk flushes per order`, (l) => cell(l, (x) => x.open?.perOrder.diskFlushes, 2)],
  ['peak RSS MiB (sum; shared pages counted per process)', (l) => cell(l, (x) => Math.max(x.saturated?.peakRssMiB, x.window?.peakRssMiB || 0, x.open?.peakRssMiB || 0))],
  ['peak PSS MiB (sum; shared pages once)', (l) => cell(l, (x) => Math.max(x.saturated?.peakPssMiB, x.window?.peakPssMiB || 0, x.open?.peakPssMiB || 0))],
];
const by = Object.fromEntries(peers.map((p) => [p, runs.filter((x) => x.peer === p && !x.code)]));
let md = `| | ${peers.join(' | ')} |\n|---|${peers.map(() => '---').join('|')}|\n`;
for (const [label, f] of rows) md += `| ${label} | ${peers.map((p) => (by[p].length ? f(by[p], p) : '–')).join(' | ')} |\n`;
md = `Medians (min–max) of ${opts.repeat} interleaved runs. Node ${process.version}, ${os.cpus().length} x ${os.cpus()[0].model}.\n\n${md}`;
fs.writeFileSync(path.resolve(here, `${opts.out}.md`), md);
console.log(md);
