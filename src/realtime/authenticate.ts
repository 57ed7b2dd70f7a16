/** The handshake: who is it, and may they have one more connection? */
import type { Socket as BareSocket } from 'socket.io';
import { z } from 'zod';
import type { Role } from '../machines/order-types.ts';
import type { Clock } from '../platform/clock.ts';
import { RetryableError } from '../platform/errors.ts';
import type { Connections } from './connections.ts';
import type { ClientEvents, FeedError, ServerEvents } from './messages.ts';

/** Whom a token speaks for, and until when. */
export interface Viewer {
  userId: string;
  role: Role;
  username: string;
  expiresAt: Date;
}

/** A socket that has shown its token. */
export type ViewerSocket = BareSocket<ClientEvents, ServerEvents, Record<string, never>, SocketData>;

/** What a socket remembers: who it is, and the token that said so. */
export interface SocketData {
  viewer: Viewer;
  token: string;
}

/** A refused connection; clients find `data` on their `connect_error`. */
class ConnectionRefused extends Error {
  constructor(readonly data: FeedError) {
    super(data.detail);
  }
}

const handshakeSchema = z.object({ token: z.string().min(1) });

/** What authentication needs. */
export interface AuthenticationOptions {
  /** @throws when the token is not valid. */
  verify: (token: string) => Viewer | Promise<Viewer>;
  connections: Connections;
  clock: Clock;
}

/** The viewer of that token, or why there is none. */
export async function viewerOf(
  token: string,
  { verify, clock }: Pick<AuthenticationOptions, 'verify' | 'clock'>,
): Promise<Viewer | FeedError> {
  try {
    const viewer = await verify(token);
    if (viewer.expiresAt > clock.now()) return viewer;
    return { code: 'unauthenticated', detail: 'The access token has expired; log in again.' };
  } catch (error) {
    if (error instanceof RetryableError) return { code: 'unavailable', detail: 'Try again in a while.' };
    return { code: 'unauthenticated', detail: 'The access token is not valid; log in again.' };
  }
}

/** A Socket.IO middleware: takes the token from `auth.token` and from nowhere else. */
export function authenticate(options: AuthenticationOptions) {
  const refusalOf = async (socket: ViewerSocket): Promise<FeedError | undefined> => {
    const handshake = handshakeSchema.safeParse(socket.handshake.auth);
    if (!handshake.success)
      return { code: 'unauthenticated', detail: 'Expected an access token as `auth: { token }`.' };
    const { token } = handshake.data;
    const viewer = await viewerOf(token, options);
    if ('code' in viewer) return viewer;
    socket.data = { viewer, token };
    return options.connections.refusalFor(viewer);
  };

  return (socket: ViewerSocket, next: (error?: Error) => void): void => {
    refusalOf(socket).then((refusal) => next(refusal && new ConnectionRefused(refusal)), next);
  };
}
