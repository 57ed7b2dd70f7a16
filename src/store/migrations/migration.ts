/** What a migration is: a step of the stored form, up and down again. */
import type { Connection } from 'mongoose';

/** One step. Either way may be cut off by a crash and is then run again from its beginning. */
export interface Migration {
  /** `NNNN-what-it-does`; they run in the order of their numbers. */
  name: string;
  up(connection: Connection): Promise<void>;
  down(connection: Connection): Promise<void>;
}

/** An index as the server takes it: the keys, and the options beside its name. */
export interface IndexSpec {
  collection: string;
  key: Record<string, 1 | -1>;
  options?: { unique?: true; partialFilterExpression?: object; expireAfterSeconds?: number };
}

/** A migration that creates those indexes, and drops them again. */
export function indexMigration(name: string, specs: IndexSpec[]): Migration {
  return {
    name,
    async up({ db }) {
      for (const { collection, key, options = {} } of specs)
        await db?.collection(collection).createIndex(key, { ...options, name: nameOf(key) });
    },
    async down({ db }) {
      for (const { collection, key } of specs)
        await db?.collection(collection).dropIndex(nameOf(key)).catch(unlessGone);
    },
  };
}

/** As MongoDB would name it by itself. */
function nameOf(key: Record<string, 1 | -1>): string {
  return Object.entries(key).flat().join('_');
}

const GONE = new Set(['IndexNotFound', 'NamespaceNotFound']);

function unlessGone(error: unknown): void {
  const codeName = error instanceof Error && 'codeName' in error ? String(error.codeName) : '';
  if (!GONE.has(codeName)) throw error;
}
