/** Sessions in MongoDB: one document a login, its refresh tokens by their hashes. */
import { type Connection, type Model, Schema, trusted } from 'mongoose';
import type { Session, SessionStore } from '../ports/sessions.ts';
import type { UserDocument } from './user-store.ts';

/** As many used tokens are remembered; an older one is merely unknown. */
const USED_REMEMBERED = 200;

interface SessionDocument extends Omit<Session, 'id'> {
  _id: string;
  tokenHash: string;
  /** The hashes of the tokens before, the latest last. */
  usedHashes: string[];
  endedAt?: Date;
}

const sessionSchema = new Schema(
  {
    _id: { type: String, required: true },
    userId: { type: String, required: true },
    epoch: { type: Number, required: true },
    tokenHash: { type: String, required: true },
    usedHashes: { type: [String], required: true },
    createdAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
    endedAt: Date,
  },
  { collection: 'sessions', versionKey: false, strict: 'throw', id: false },
);

/** The model of sessions on that connection. */
export function sessionModel(connection: Connection): Model<SessionDocument> {
  return connection.model<SessionDocument>('Session', sessionSchema as unknown as Schema<SessionDocument>);
}

const toSession = ({ _id, userId, epoch, createdAt, expiresAt }: SessionDocument): Session => ({
  id: _id,
  userId,
  epoch,
  createdAt,
  expiresAt,
});

/** Matches what has neither ended nor expired. */
const open = (now: Date) => ({ endedAt: trusted({ $exists: false }), expiresAt: trusted({ $gt: now }) });

/** Sessions over both models: whether one counts is a question about its user too. */
export function createSessionStore(
  sessions: Model<SessionDocument>,
  users: Model<UserDocument>,
): SessionStore {
  return {
    async insert({ id, ...session }) {
      await sessions.create({ _id: id, ...session, usedHashes: [] });
    },

    async rotate(tokenHash, next, now) {
      const rotated = await sessions
        .findOneAndUpdate(
          { tokenHash, ...open(now) },
          {
            $set: next,
            $push: { usedHashes: { $each: [tokenHash], $slice: -USED_REMEMBERED } },
          },
          { returnDocument: 'after' },
        )
        .lean<SessionDocument>();
      if (rotated) return { outcome: 'rotated', session: toSession(rotated) };
      const reused = await sessions
        .findOneAndUpdate({ usedHashes: tokenHash }, { $set: { endedAt: now } }, { returnDocument: 'after' })
        .lean<SessionDocument>();
      return reused ? { outcome: 'reused', session: toSession(reused) } : undefined;
    },

    async findByToken(tokenHash) {
      const found =
        (await sessions.findOne({ tokenHash }).lean<SessionDocument>()) ??
        (await sessions.findOne({ usedHashes: tokenHash }).lean<SessionDocument>());
      return found ? toSession(found) : undefined;
    },

    async end(sessionId, now) {
      await sessions.updateOne(
        { _id: sessionId, endedAt: trusted({ $exists: false }) },
        { $set: { endedAt: now } },
      );
    },

    async liveAmong(sessionIds, now) {
      const found = await sessions
        .find({ _id: trusted({ $in: sessionIds }), ...open(now) }, { userId: 1, epoch: 1 })
        .lean<SessionDocument[]>();
      const userIds = [...new Set(found.map(({ userId }) => userId))];
      const owners = await users
        .find({ _id: trusted({ $in: userIds }) }, { sessionEpoch: 1, keptSessionId: 1 })
        .lean<UserDocument[]>();
      const byId = new Map(owners.map((owner) => [owner._id, owner]));
      const counts = ({ _id, userId, epoch }: SessionDocument) => {
        const owner = byId.get(userId);
        return owner !== undefined && (epoch === (owner.sessionEpoch ?? 0) || owner.keptSessionId === _id);
      };
      return new Map(found.filter(counts).map(({ _id, userId }) => [_id, userId]));
    },
  };
}
