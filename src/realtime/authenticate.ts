/** The handshake: who is it, and may they have one more connection? */
import type { Socket as BareSocket } from 'socket.io';
import { z } from 'zod';
import type { Role } from '../machines/order-types.ts';
import type { Clock } from '../platform/clock.ts';
import { limitsFor } from './limits.ts';
import type { ClientEvents, FeedError, ServerEvents } from './messages.ts';

/** Whom a token speaks for, and until when. */
export interface Viewer {
  userId: string;
  role: Role;
  username: string;
  expiresAt: Date;
}

/** A socket that has shown its token. */
export type ViewerSocket = BareSocket<ClientEvents, ServerEvents, Record<string, never>, { viewer: Viewer }>;

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
  /** The connections that the user has on this instance. */
  connectionsOf: (userId: string) => number;
  isClosing: () => boolean;
  clock: Clock;
}

/** A Socket.IO middleware: takes the token from `auth.token` and from nowhere else. */
export function authenticate({ verify, connectionsOf, isClosing, clock }: AuthenticationOptions) {
  const refusalOf = async (socket: ViewerSocket): Promise<FeedError | undefined> => {
    if (isClosing()) return { code: 'unavailable', detail: 'This instance is stopping; connect again.' };
    const handshake = handshakeSchema.safeParse(socket.handshake.auth);
    if (!handshake.success)
      return { code: 'unauthenticated', detail: 'Expected an access token as `auth: { token }`.' };
    let viewer: Viewer;
    try {
      viewer = await verify(handshake.data.token);
    } catch {
      return { code: 'unauthenticated', detail: 'The access token is not valid; log in again.' };
    }
    if (viewer.expiresAt <= clock.now())
      return { code: 'unauthenticated', detail: 'The access token has expired; log in again.' };
    const { connectionsPerUser } = limitsFor(viewer.role);
    if (connectionsOf(viewer.userId) >= connectionsPerUser)
      return {
        code: 'too-many-requests',
        detail: `At most ${connectionsPerUser} connections a user; close one first.`,
      };
    socket.data.viewer = viewer;
    return undefined;
  };

  return (socket: ViewerSocket, next: (error?: Error) => void): void => {
    refusalOf(socket).then((refusal) => next(refusal && new ConnectionRefused(refusal)), next);
  };
}
