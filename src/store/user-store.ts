/** Users in MongoDB. */
import { type Connection, type Model, Schema, trusted } from 'mongoose';
import { TerminalError } from '../platform/errors.ts';
import type { User, UserRepository } from '../ports/users.ts';
import { isDuplicateKey } from './duplicate-key.ts';

interface UserDocument extends Omit<User, 'id'> {
  _id: string;
  passwordHash: string;
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
    createdAt: { type: Date, required: true },
    language: { type: String, enum: ['en', 'vi'] },
    phone: String,
    pushSubscriptions: { type: [subscriptionSchema], default: undefined },
  },
  { collection: 'users', versionKey: false, strict: 'throw', id: false },
);

userSchema.index({ email: 1 }, { unique: true });
userSchema.index({ username: 1 }, { unique: true });
userSchema.index({ 'pushSubscriptions.endpoint': 1 });

/** The model of users on that connection. */
export function userModel(connection: Connection): Model<UserDocument> {
  return connection.model<UserDocument>('User', userSchema as unknown as Schema<UserDocument>);
}

const toUser = ({ _id, passwordHash: _, ...user }: UserDocument): User => ({ id: _id, ...user });

/** Reads and writes users; a password is known here by its hash alone. */
export function createUserStore(model: Model<UserDocument>, newId: () => string): UserRepository {
  return {
    async create(user) {
      const document = { _id: newId(), ...user, email: user.email.toLowerCase() };
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
      const found = await model.findById(id).lean<UserDocument>();
      return found ? toUser(found) : undefined;
    },

    async findByEmail(email) {
      const found = await model.findOne({ email: email.toLowerCase() }).lean<UserDocument>();
      return found ? { ...toUser(found), passwordHash: found.passwordHash } : undefined;
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
