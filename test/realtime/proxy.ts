/** A load balancer for tests: leads each connection to one of the instances at random, and cuts when told to. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Teardown } from '../support/services.ts';

/** The balancer. */
export interface Balancer {
  url: string;
  /** Connections led through so far, and those that were cut. */
  readonly connections: number;
  readonly cuts: number;
  /** Breaks every connection that stands, without a word. */
  cut(): void;
  /** Sends every client a Socket.IO event, as if an instance had. */
  inject(event: unknown[]): void;
  /** From now on leads to these instances alone. */
  lead(urls: string[]): void;
}

/** A text in one frame of a WebSocket server, up to 65,535 bytes. */
function frameOf(text: string): Buffer {
  const body = Buffer.from(text);
  const head = body.length < 126 ? [0x81, body.length] : [0x81, 126, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from(head), body]);
}

/** Starts one; it is stopped at the end of the test. */
export async function startProxy(t: Teardown, urls: string[]): Promise<Balancer> {
  let targets = urls;
  const open = new Set<{ client: Socket; upstream: Socket }>();
  let connections = 0;
  let cuts = 0;
  const server = createServer((client) => {
    const target = new URL(targets[connections++ % targets.length] ?? '');
    const upstream = connect(Number(target.port), target.hostname);
    const pair = { client, upstream };
    open.add(pair);
    const end = () => {
      open.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
    client.pipe(upstream).pipe(client);
  });
  const cut = () => {
    cuts += open.size;
    for (const { client } of [...open]) client.destroy();
  };
  t.teardown(() => {
    server.close();
    cut();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return connections;
    },
    get cuts() {
      return cuts;
    },
    cut,
    inject(event) {
      for (const { client } of open) client.write(frameOf(`42${JSON.stringify(event)}`));
    },
    lead(next) {
      targets = next;
    },
  };
}
