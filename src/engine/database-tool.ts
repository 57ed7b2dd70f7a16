/** What the commands that work on the database alone have in common: how they reach it, and how they end. */
import type { Connection } from 'mongoose';
import { openDatabase } from '../embedded/database.ts';
import { ConfigError, type Environment, readEnvironment } from '../platform/config.ts';
import { messageOf } from '../platform/errors.ts';
import { createLogger, type Logger } from '../platform/logger.ts';
import { connectStore } from '../store/connect.ts';

/** What a tool works with. */
export interface ToolParts {
  connection: Connection;
  environment: Environment;
  logger: Logger;
}

/**
 * Lends the database that the environment names: that of `MONGODB_URI`, or the embedded one, whether or not an engine
 * runs on it.
 * @throws ConfigError when it cannot be had
 */
export async function withDatabase<T>(work: (parts: ToolParts) => Promise<T>): Promise<T> {
  const environment = readEnvironment(process.env);
  const { MONGODB_URI: mongodbUri, ORDO_DATA_DIR: dataDir } = environment;
  const logger = createLogger(environment.ORDO_LOG_LEVEL ?? 'warn');
  const database = await openDatabase({ dataDir, ...(mongodbUri !== undefined && { mongodbUri }), logger });
  try {
    const connection = await connectStore(database.mongodbUri);
    try {
      return await work({ connection, environment, logger });
    } finally {
      await connection.close();
    }
  } finally {
    await database.close();
  }
}

/** Runs a tool to its exit code; what it throws is said in a line each, and ends it with `failedCode`. */
export async function runTool(tool: () => Promise<number>, failedCode: number): Promise<void> {
  process.exitCode = await tool().catch((error: unknown) => {
    const lines = error instanceof ConfigError ? error.lines : [messageOf(error)];
    for (const line of lines) process.stderr.write(`ordo: ${line}\n`);
    return failedCode;
  });
}
