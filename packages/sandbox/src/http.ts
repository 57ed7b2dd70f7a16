/** HTTP with JSON on node:http, as bare as it can be: a gateway in an engine's hot path must cost next to nothing. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Clock } from './clock.ts';
import { type Reply, refuse } from './decision.ts';
import type { Endpoint } from './endpoints.ts';
import type { Faults, Strikes } from './faults.ts';

const MAX_BODY_BYTES = 1_048_576;
/** Longer than clients keep a connection that rests: it is theirs to close. */
const KEEP_ALIVE_MS = 75_000;

export interface HttpParts {
  endpoints: Endpoint[];
  faults: Faults;
  clock: Clock;
  /** How late a slow answer is. */
  slowByMs: number;
}

/** A request that is refused before anything is done. */
class Refusal extends Error {
  constructor(readonly reply: Reply) {
    super('refused');
  }
}

/** A server, not yet listening. */
export function createHttpServer(parts: HttpParts): Server {
  const server = createServer((request, response) => {
    answer(parts, request, response).catch((error: unknown) => {
      const reply = error instanceof Refusal ? error.reply : failure(error);
      send(response, reply);
    });
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return server;
}

function failure(error: unknown): Reply {
  process.stderr.write(`ordo-sandbox: ${error instanceof Error ? error.stack : String(error)}\n`);
  return refuse(500, 'internal', 'The sandbox itself failed; its standard error says why.');
}

async function answer(parts: HttpParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path = '', query] = (request.url ?? '').split('?');
  const { endpoint, key } = find(parts.endpoints, request.method ?? '', path);
  const body = endpoint.body.safeParse(await readJson(request));
  if (!body.success) {
    const [issue] = body.error.issues;
    const detail = `/${issue?.path.join('/')}: ${issue?.message}`;
    throw new Refusal(refuse(400, 'invalid-request', detail));
  }
  const strikes: Strikes = endpoint.operation === undefined ? {} : parts.faults.draw(endpoint.operation);
  if (strikes.error !== undefined)
    throw new Refusal(refuse(503, 'unavailable', 'Nothing was done: an injected fault.'));
  // The client's own time limit ends it.
  if (strikes.timeout !== undefined) return;
  const reply = await endpoint.handle(key, body.data, new URLSearchParams(query));
  if (strikes.lostReply !== undefined || reply.quirk === 'lostReply') response.destroy();
  else if (strikes.slow !== undefined || reply.quirk === 'slow')
    parts.clock.after(parts.slowByMs, () => send(response, reply));
  else send(response, reply);
}

function find(endpoints: Endpoint[], method: string, path: string): { endpoint: Endpoint; key: string } {
  const parts = path.slice(1).split('/');
  for (const endpoint of endpoints) {
    if (endpoint.method !== method || endpoint.path.length !== parts.length) continue;
    if (!endpoint.path.every((part, index) => part === ':key' || part === parts[index])) continue;
    return { endpoint, key: decode(parts[endpoint.path.indexOf(':key')] ?? '') };
  }
  throw new Refusal(refuse(404, 'route-not-found', `There is no ${method} ${path} here; see the README.`));
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Refusal(refuse(400, 'invalid-request', `The path has a key that cannot be decoded: ${part}`));
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (length > MAX_BODY_BYTES) throw new Refusal(refuse(413, 'body-too-large', 'Expected at most 1 MiB.'));
  if (length === 0) return {};
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    throw new Refusal(refuse(400, 'malformed-body', 'Expected a JSON object.'));
  }
}

function send(response: ServerResponse, { status, body }: Reply): void {
  const text = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': text.length });
  response.end(text);
}
