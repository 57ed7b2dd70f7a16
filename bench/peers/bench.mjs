#!/usr/bin/env node
// One run of one peer on the one workload:  node bench.mjs PEER --orders 2000 --concurrency 64
import { fork } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { box, cpuByName, disk, Sampler } from './lib/procstat.mjs';
import { boxSpeed, now, parseArgs, r, sleep, summarize, tempDir, waitFor } from './lib/util.mjs';

const PEERS = fs.readdirSync(new URL('./peers', import.meta.url)).filter((f) => f.endsWith('.mjs') && !f.endsWith('.app.mjs')).map((f) => f.slice(0, -4));
const opts = parseArgs(process.argv.slice(2), {
  orders: 2000, concurrency: 64, warmup: 500,
  rate: 50, 'rate-seconds': 20, // open loop; 0 seconds: skip
  window: 64, 'window-orders': 0, // orders in flight (submitted, not completed); 0 orders: skip
  pool: 0, syspool: 0, workers: 0, // peer's tuning, 0: the peer's own default
  stored: 0, // completed orders that the database has at the start; `ordo` only
  'cpu-prof': false, // CPU profiles of the application and of mongolet, kept with the logs; `ordo` only
  profile: false, crash: false, keep: false, json: '', quiet: false,
});
const name = opts._[0];
if (!PEERS.includes(name)) { console.error(`usage: node bench.mjs PEER [--orders N] [--concurrency C] [--rate R --rate-seconds S] [--window W --window-orders N] [--profile] [--crash] [--json FILE]\npeers: ${PEERS.join(', ')}`); process.exit(2); }
const log = (...a) => { if (!opts.quiet) console.error(...a); };

const dir = tempDir();
const completions = new Map();
let phase = null;
const onDone = (list) => {
  for (const [id, t] of list) {
    if (completions.has(id)) continue;
    completions.set(id, t);
    if (phase && id.startsWith(phase.prefix)) { phase.done++; phase.credit++; if (phase.done === phase.n) phase.resolve(); }
  }
  if (phase?.mode === 'window' && phase.credit) { load.send({ credit: phase.credit }); phase.credit = 0; }
};

let inst, load;
const ask = (m) => new Promise((resolve, reject) => {
  const onMsg = (x) => { load.off('exit', onExit); resolve(x.result ?? x); };
  const onExit = () => reject(new Error('load generator ended'));
  load.once('message', onMsg); load.once('exit', onExit); load.send(m);
});

async function pgCounters() {
  if (!inst.db) return null;
  const a = (await inst.db.query('SELECT sum(xact_commit)::bigint c FROM pg_stat_database')).rows[0];
  const w = (await inst.db.query('SELECT wal_sync::bigint s, wal_bytes::bigint b FROM pg_stat_wal')).rows[0];
  return { commits: +a.c, walSyncs: +w.s, walBytes: +w.b };
}
const idle = (ms) => sleep(ms);

const ids = [];
async function run(label, mode, n, extra) {
  const roots = inst.roots(), pids = () => Object.values(inst.roots());
  const prefix = `${label}-`;
  const waiting = new Promise((resolve, reject) => { phase = { prefix, n, done: 0, credit: 0, mode, resolve, reject }; });
  const stall = setInterval(() => {
    if (phase.last === phase.done && phase.done < n && ++phase.idle > 45) phase.reject(new Error(`${label}: no progress for 45 s, ${phase.done} of ${n} completed`));
    if (phase.last !== phase.done) phase.idle = 0;
    phase.last = phase.done;
  }, 1000);
  for (let i = 0; i < n; i++) ids.push(`${label}-${i}`);
  const sampler = new Sampler(pids).start();
  const c0 = cpuByName(roots), d0 = disk(dir), b0 = box(), p0 = await pgCounters(), h0 = process.cpuUsage(), t0 = now();
  const loadRes = ask({ phase: { mode, runId: label, n, ...extra } });
  let res;
  try { [res] = await Promise.all([loadRes, opts.crash && label === 'sat' ? crashMidway(loadRes, n) : waiting]); } finally { clearInterval(stall); }
  if (opts.crash && label === 'sat') phase = null;
  const c1 = cpuByName(inst.roots()), d1 = disk(dir), b1 = box(), p1 = await pgCounters(), h1 = process.cpuUsage(h0), t1 = now();
  const mem = sampler.stop();
  if (res.errors) throw new Error(`${label}: ${res.errors} submit errors, last: ${res.lastError}`);
  const first = Math.min(...res.start), lastAck = Math.max(...res.ack);
  let last = 0;
  const lat = [], ack = [];
  for (let i = 0; i < n; i++) { const t = completions.get(`${label}-${i}`); last = Math.max(last, t); lat.push(t - res.start[i]); ack.push(res.ack[i] - res.start[i]); }
  const per = (x) => r((x / n) * 1000, 3);
  const cpuS = Object.fromEntries(Object.keys(c1).map((k) => [k, r(c1[k] - (c0[k] ?? 0), 2)]));
  const total = Object.values(cpuS).reduce((a, b) => a + b, 0);
  return {
    mode, orders: n, ...extra,
    submitPerS: r((n / (lastAck - first)) * 1000, 1), completedPerS: r((n / (last - first)) * 1000, 1), seconds: r((last - first) / 1000, 2),
    latencyMs: summarize(lat), submitMs: summarize(ack),
    cpuSPer1000: per(total), cpuS, coresBusy: r(total / ((t1 - t0) / 1000), 2),
    loadCpuSPer1000: per(res.cpuS), harnessCpuSPer1000: per((h1.user + h1.system) / 1e6), boxBusyCores: r((b1.busy - b0.busy) / ((t1 - t0) / 1000), 2), stealCores: r((b1.steal - b0.steal) / ((t1 - t0) / 1000), 2),
    maxSendLateMs: r(res.maxLateMs, 1),
    ...mem,
    perOrder: { diskFlushes: r((d1.flushes - d0.flushes) / n, 2), diskWriteKiB: r((d1.writeBytes - d0.writeBytes) / n / 1024, 1), ...(p0 ? { pgTransactions: r((p1.commits - p0.commits) / n, 2), pgWalSyncs: r((p1.walSyncs - p0.walSyncs) / n, 2), pgWalKiB: r((p1.walBytes - p0.walBytes) / n / 1024, 1) } : {}) },
  };
}

/** Durability check: SIGKILL the application once everything is accepted, start it again, wait until the durable state of every order is final. */
async function crashMidway(loadRes, n) {
  await loadRes;
  phase.reject = () => {};
  const lost = n - phase.done;
  log(`crash: SIGKILL of the application with ${lost} of ${n} accepted orders not completed`);
  const t = now();
  await inst.crashApp();
  await waitFor(async () => (await inst.verify(ids)).completed === ids.length, { timeout: 180000, every: 500, what: 'all orders to complete after the crash' });
  const t1 = now();
  result.crash = { accepted: n, pendingAtKill: lost, allCompletedAfterS: r((t1 - t) / 1000) };
  for (const id of ids) if (!completions.has(id)) completions.set(id, t1); // their message died with the process
}

async function profileStart() {
  if (!opts.profile) return;
  if (inst.db) await inst.db.query('SELECT pg_stat_statements_reset()');
  if (inst.profileRedis) await redisInfo('config resetstat');
}
async function redisInfo(cmd) {
  const { execFileSync } = await import('node:child_process');
  return execFileSync('redis-cli', ['-p', String(inst.profileRedis), ...cmd.split(' ')], { encoding: 'utf8' });
}
async function profileEnd(n) {
  if (!opts.profile) return null;
  const out = {};
  if (inst.db) {
    const { rows } = await inst.db.query("SELECT query, calls::int, round(total_exec_time::numeric, 0)::float ms FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat%' ORDER BY calls DESC LIMIT 40");
    out.pg = rows.filter((x) => x.calls >= n / 20).map((x) => ({ perOrder: r(x.calls / n, 2), ms: x.ms, q: x.query.replace(/\s+/g, ' ').slice(0, 150) }));
    out.pgStatementsPerOrder = r(rows.reduce((s, x) => s + x.calls, 0) / n, 1);
  }
  if (inst.profileRedis) {
    const info = await redisInfo('info commandstats');
    out.redis = [...info.matchAll(/cmdstat_(\S+):calls=(\d+)/g)].map((m) => ({ cmd: m[1], perOrder: r(+m[2] / n, 2) })).filter((x) => x.perOrder >= 0.05);
  }
  if (inst.restate) {
    const q = async (s) => (await inst.restate.sql(s))[0];
    out.restate = { invocations: await q('SELECT count(*) n FROM sys_invocation'), journalEntries: await q('SELECT count(*) n FROM sys_journal') };
  }
  return out;
}

const result = { peer: name, at: new Date().toISOString(), node: process.version, box: { cpus: os.cpus().length, model: os.cpus()[0].model, memGiB: r(os.totalmem() / 2 ** 30, 0) }, concurrency: opts.concurrency, speedBefore: boxSpeed() };
let failed = null;
try {
  const mod = await import(new URL(`./peers/${name}.mjs`, import.meta.url));
  const t = now();
  inst = await mod.start({ dir, opts, onDone });
  result.startS = r((now() - t) / 1000);
  result.versions = inst.versions;
  if (inst.startup) result.startup = inst.startup;
  load = fork(new URL('./lib/load.mjs', import.meta.url), [name]);
  await new Promise((res) => load.once('message', res));
  await ask({ open: { baseUrl: inst.baseUrl, connections: opts.concurrency } });
  log(`${name}: up in ${result.startS} s`);
  if (opts.warmup) { await run('warm', 'closed', opts.warmup, { concurrency: opts.concurrency }); await idle(1000); }
  await profileStart();
  result.saturated = await run('sat', 'closed', opts.orders, { concurrency: opts.concurrency });
  log(`${name}: saturated ${JSON.stringify(result.saturated)}`);
  result.profile = await profileEnd(opts.orders) ?? undefined;
  await idle(2000);
  if (opts['window-orders']) { result.window = await run('win', 'window', opts['window-orders'], { window: opts.window }); log(`${name}: window ${JSON.stringify(result.window)}`); await idle(1000); }
  if (opts['rate-seconds']) { result.open = await run('open', 'open', Math.round(opts.rate * opts['rate-seconds']), { rate: opts.rate }); log(`${name}: open ${JSON.stringify(result.open)}`); }
  await idle(500);
  result.speedAfter = boxSpeed();
  const v = await inst.verify(ids);
  v.expected = ids.length;
  v.ok = v.completed === ids.length && (v.unitsTaken === undefined || v.unitsTaken === v.unitsOrdered);
  result.verify = v;
  log(`${name}: verify ${JSON.stringify(v)}`);
  if (!v.ok) throw new Error(`verification failed: ${JSON.stringify(v)}`);
} catch (e) { failed = e; result.error = String(e.message || e); }
try { load?.disconnect(); } catch { /* gone */ }
try { await inst?.stop(); } catch (e) { failed ||= e; }
if (!opts.keep && !opts['cpu-prof'] && !failed) fs.rmSync(dir, { recursive: true, force: true }); else log(`logs and data kept in ${dir}`);
if (opts.json) fs.writeFileSync(opts.json, JSON.stringify(result, null, 1));
console.log(opts.quiet ? JSON.stringify(result) : JSON.stringify(result, null, 1));
if (failed) { console.error(failed.stack || failed); process.exit(1); }
process.exit(0);
