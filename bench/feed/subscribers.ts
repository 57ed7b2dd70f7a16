/** Thousands of subscribers in one process, as thin as can be: bare WebSockets that speak Socket.IO's protocol. */
import { createRequire } from 'node:module';
import { createTokens } from '../../src/http/tokens.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { personOf } from './people.ts';

/** What this process is told: once to connect; then, whenever figures are wanted, to begin anew. */
export type Order =
  | { connect: { url: string; secret: string; subscribers: number; orders: number } }
  | 'reset'
  | 'figures';

/** What it tells all the time, and with `figures` when asked. */
export interface Told {
  connected: number;
  received: number;
  /** Transitions that were not the very next one of their order. */
  outOfTurn: number;
  figures?: Figures;
}

/** Milliseconds from the commit to the receipt, since the last reset. */
export interface Figures {
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

interface Bare {
  on(event: string, listener: (data: Buffer) => void): void;
  send(text: string): void;
}
const require = createRequire(import.meta.url);
const WebSocket = require('ws') as new (url: string, options: object) => Bare;

/** Connections that are made at once. */
const AT_ONCE = 100;
const TELL_MS = 20;

let latenciesMs: number[] = [];
let connected = 0;
let received = 0;
let outOfTurn = 0;

/** Read without parsing the whole, which would cost more than the engine's part. */
function numberAfter(text: string, mark: string): number {
  const at = text.indexOf(mark) + mark.length;
  return Number.parseInt(text.slice(at, at + 20), 10);
}

function subscribe(url: string, token: string, orderId: string): Promise<void> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`, {
    perMessageDeflate: false,
  });
  let lastSeq = 0;
  return new Promise((resolve, reject) => {
    socket.on('error', reject as never);
    socket.on('close', () => reject(new Error('A subscriber was hung up on.')));
    socket.on('message', (data) => {
      const text = data.toString();
      if (text.startsWith('42["order.transition"')) {
        const seq = numberAfter(text, '"seq":');
        if (lastSeq !== 0 && seq !== lastSeq + 1) outOfTurn++;
        lastSeq = seq;
        received++;
        const nowMs = performance.timeOrigin + performance.now();
        latenciesMs.push(nowMs - numberAfter(text, '"type":"moved.') / 1_000);
      } else if (text === '2') socket.send('3');
      else if (text.startsWith('0')) socket.send(`40${JSON.stringify({ token })}`);
      else if (text.startsWith('40')) socket.send(`420${JSON.stringify(['order.subscribe', { orderId }])}`);
      else if (text.startsWith('430[{"ok":true')) resolve();
      else reject(new Error(`Not understood: ${text}`));
    });
  });
}

function figures(): Figures {
  const sorted = latenciesMs.sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

function tell(more: Pick<Told, 'figures'> = {}): void {
  process.send?.({ connected, received, outOfTurn, ...more } satisfies Told);
}

process.on('message', async (order: Order) => {
  if (order === 'reset') {
    latenciesMs = [];
    received = 0;
    return;
  }
  if (order === 'figures') return tell({ figures: figures() });
  const { url, secret, subscribers, orders } = order.connect;
  const tokens = createTokens({ secrets: [secret], ttlS: 3_600, clock: systemClock });
  const numbers = Array.from({ length: subscribers }, (_, i) => i).values();
  const connector = async () => {
    for (const i of numbers) {
      const { id, sessionId } = personOf(i);
      const token = tokens.issue({ id, role: 'operator', username: id }, sessionId);
      await subscribe(url, token, `order-${i % orders}`);
      connected++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, connector));
});
setInterval(() => tell(), TELL_MS);
process.on('disconnect', () => process.exit(0));
