/** An HTTP server on loopback that keeps what is posted to it, and answers as it is told. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Teardown } from '../support/services.ts';

/** A request as it came. */
export interface Posted {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** What to answer; `lost` takes the request and hangs up. */
export type Reply = 'lost' | { status: number; headers?: Record<string, string>; body?: string };

export interface HttpReceiver {
  /** Without a path. */
  url: string;
  posted: Posted[];
  /** The answers to the requests to come; after the last, all get `last`. */
  replies: Reply[];
  last: Reply;
  /** Awaited before each answer. */
  hold?: (() => Promise<void>) | undefined;
}

/** Listens until the test ends; it answers 201 until it is told otherwise. */
export async function startHttp(t: Teardown): Promise<HttpReceiver> {
  const receiver: HttpReceiver = { url: '', posted: [], replies: [], last: { status: 201 } };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = '', url: path = '', headers } = request;
    receiver.posted.push({ method, path, headers, body: Buffer.concat(chunks) });
    await receiver.hold?.();
    const reply = receiver.replies.shift() ?? receiver.last;
    if (reply === 'lost') request.socket.destroy();
    else response.writeHead(reply.status, reply.headers).end(reply.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return receiver;
}
