/** The people who subscribe: each an operator with a session of their own, as logins would leave them. */
import { connectStore } from '../../src/store/connect.ts';
import { sessionModel } from '../../src/store/session-store.ts';
import { userModel } from '../../src/store/user-store.ts';

const A_DAY_MS = 86_400_000;

/** The person of that number, and the session. */
export const personOf = (number: number) => ({ id: `user-${number}`, sessionId: `session-${number}` });

/** Stores so many people. */
export async function storePeople(mongodbUri: string, count: number): Promise<void> {
  const connection = await connectStore(mongodbUri);
  const [users, sessions] = [userModel(connection), sessionModel(connection)];
  const createdAt = new Date();
  const expiresAt = new Date(createdAt.getTime() + A_DAY_MS);
  const people = Array.from({ length: count }, (_, number) => personOf(number));
  await users.deleteMany({});
  await sessions.deleteMany({});
  await users.insertMany(
    people.map(({ id }) => ({
      _id: id,
      email: `${id}@bench.example`,
      username: id,
      role: 'operator' as const,
      passwordHash: 'none',
      createdAt,
    })),
  );
  await sessions.insertMany(
    people.map(({ id: userId, sessionId: _id }) => {
      return { _id, userId, epoch: 0, tokenHash: _id, usedHashes: [], createdAt, expiresAt };
    }),
  );
  await connection.close();
}
