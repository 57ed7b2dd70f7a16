/** Users in MongoDB. */
import { type Connection, type Model, Schema, trusted } from 'mongoose';
import { TerminalError } from '../platform/errors.ts';
import type { Account, User, UserRepository } from '../ports/users.ts';
import { isDuplicateKey } from './duplicate-key.ts';

/** The stored form of a user. */
export interface UserDocument extends Omit<Account, 'id'> {
  _id: string;
  /** The session that its owner kept when the password was changed: it counts though its epoch is older. */
  keptSessionId?: string;
}

/** More browsers than one person uses; the oldest goes first. */
const SUBSCRIPTIONS_MAX = 10;

const text = { type: String, required: true };
const subscriptionSchema = new Schema(
  { endpoint: text, keys: { p256dh: text, auth: text } },
  { _id: false, strict: 'throw' },
);

const userSchema = new Schema(
  {
    _id: { type: String, required: true },
    email: { type: String, required: true, lowercase: true },
    username: { type: String, required: true },
    role: { type: String, enum: ['customer', 'operator', 'admin'], required: true },
    passwordHash: { type: String, required: true },
    sessionEpoch: { type: Number, default: 0 },
    keptSessionId: String,
    createdAt: { type: Date, required: true },
    language: { type: String, enum: ['en', 'vi'] },
    phone: String,
    pushSubscriptions: { type: [subscriptionSchema], default: undefined },
    disabledAt: Date,
  },
  { collection: 'users', versionKey: false, strict: 'throw', id: false },
);

/** The model of users on that connection. */
export function userModel(connection: Connection): Model<UserDocument> {
  return connection.model<UserDocument>('User', userSchema as unknown as Schema<UserDocument>);
}

/** What a login is checked against leaves the store with an account alone. */
function toUser({
  _id,
  passwordHash: _,
  sessionEpoch: __,
  keptSessionId: ___,
  ...facts
}: UserDocument): User {
  return { id: _id, ...facts };
}

const toAccount = (document: UserDocument | null): Account | undefined =>
  document
    ? {
        ...toUser(document),
        passwordHash: document.passwordHash,
        sessionEpoch: document.sessionEpoch ?? 0,
      }
    : undefined;

const orNone = (document: UserDocument | null) => (document ? toUser(document) : undefined);

/** What ends every session of the user, in the same write that takes the right away. */
const endingSessions = { $inc: { sessionEpoch: 1 } };

function userWrites(model: Model<UserDocument>) {
  const after = { returnDocument: 'after' } as const;
  return {
    async setRole(id, role) {
      const update = { $set: { role }, $unset: { keptSessionId: 1 }, ...endingSessions };
      return orNone(await model.findOneAndUpdate({ _id: id }, update, after).lean<UserDocument>());
    },

    async setDisabled(id, at) {
      const update =
        at === undefined
          ? { $unset: { disabledAt: 1 } }
          : { $set: { disabledAt: at }, $unset: { keptSessionId: 1 }, ...endingSessions };
      return orNone(await model.findOneAndUpdate({ _id: id }, update, after).lean<UserDocument>());
    },

    async setPassword(id, { from, to, keptSessionId }) {
      const kept =
        keptSessionId === undefined
          ? { $set: { passwordHash: to }, $unset: { keptSessionId: 1 } }
          : { $set: { passwordHash: to, keptSessionId } };
      const result = await model.updateOne({ _id: id, passwordHash: from }, { ...kept, ...endingSessions });
      return result.matchedCount === 1;
    },
  } satisfies Partial<UserRepository>;
}

/** Reads and writes users; a password is known here by its hash alone. */
export function createUserStore(model: Model<UserDocument>, newId: () => string): UserRepository {
  return {
    ...userWrites(model),

    async create(user) {
      const document = { _id: newId(), ...user, email: user.email.toLowerCase(), sessionEpoch: 0 };
      try {
        await model.create(document);
      } catch (error) {
        for (const field of ['email', 'username'])
          if (isDuplicateKey(error, field))
            throw new TerminalError('conflict', `This ${field} is taken; choose another, or log in.`);
        throw error;
      }
      return toUser(document);
    },

    async findById(id) {
      return orNone(await model.findById(id).lean<UserDocument>());
    },

    async findByEmail(email) {
      return toAccount(await model.findOne({ email: email.toLowerCase() }).lean<UserDocument>());
    },

    async findByUsername(username) {
      return toAccount(await model.findOne({ username }).lean<UserDocument>());
    },

    async findAccount(id) {
      return toAccount(await model.findById(id).lean<UserDocument>());
    },

    async list({ limit, after }) {
      const filter = after === undefined ? {} : { _id: trusted({ $lt: after }) };
      const found = await model.find(filter).sort({ _id: -1 }).limit(limit).lean<UserDocument[]>();
      return found.map(toUser);
    },

    count: () => model.estimatedDocumentCount(),

    async update(id, { phone, ...change }) {
      const update = {
        $set: { ...change, ...(typeof phone === 'string' && { phone }) },
        ...(phone === null && { $unset: { phone: 1 } }),
      };
      const changed = await model
        .findByIdAndUpdate(id, update, { returnDocument: 'after' })
        .lean<UserDocument>();
      return changed ? toUser(changed) : undefined;
    },

    async addPushSubscription(id, subscription) {
      const { endpoint } = subscription;
      const known = { 'pushSubscriptions.endpoint': endpoint };
      await model.updateMany(known, { $pull: { pushSubscriptions: { endpoint } } });
      const added = await model.updateOne(
        // Two that come at once are one.
        { _id: id, 'pushSubscriptions.endpoint': trusted({ $ne: endpoint }) },
        { $push: { pushSubscriptions: { $each: [subscription], $slice: -SUBSCRIPTIONS_MAX } } },
      );
      return added.matchedCount === 1 || (await model.exists({ _id: id })) !== null;
    },

    async removePushSubscription(id, endpoint) {
      await model.updateOne({ _id: id }, { $pull: { pushSubscriptions: { endpoint } } });
    },
  };
}
