// Starts a peer's application (one Node process) and relays its completion messages.
import { fork } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { stopChild } from './services.mjs';

export async function startApp(file, { dir, env, onDone, execArgv = [] }) {
  const out = fs.openSync(path.join(dir, 'app.log'), 'a');
  const child = fork(file, [], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production', ...env },
    stdio: ['ignore', out, out, 'ipc'], serialization: 'json', execArgv,
  });
  const info = await new Promise((resolve, reject) => {
    child.on('message', (m) => { if (m.ready) resolve(m); else if (m.done) onDone(m.done); });
    child.once('exit', (c, s) => reject(new Error(`application ended early (${c ?? s}); ${fs.readFileSync(path.join(dir, 'app.log'), 'utf8').slice(-2000)}`)));
  });
  return { child, pid: child.pid, info, stop: () => stopChild(child, 'SIGTERM', 5000), kill9: () => stopChild(child, 'SIGKILL') };
}
