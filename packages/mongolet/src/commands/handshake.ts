/** What a driver asks before and beside its work: `hello`, `ping`, `buildInfo` and their kin. */
import { hostname } from 'node:os';
import { ObjectId } from 'bson';
import { errorOf, MongoletError } from '../errors.ts';
import { MAX_DOCUMENT_BYTES } from '../store/records.ts';
import { MAX_MESSAGE_BYTES } from '../wire/framing.ts';
import type { ReplyDoc } from '../wire/reply-writer.ts';
import type { CommandContext, CommandDefinition, Engine } from './command.ts';
import { MAX_STATEMENTS } from './statements.ts';

/** Mongolet speaks as MongoDB 7.0 does. */
const VERSION = [7, 0, 0, 0];
const MAX_WIRE_VERSION = 21;
const SET_NAME = 'rs0';
const startedMs = Date.now();
const electionId = new ObjectId('7fffffff0000000000000001');

/** The primary of a replica set of one. `topologyVersion` is left out: then drivers poll and do not wait on it. */
export const hello: CommandDefinition = {
  kind: 'read',
  // A driver tells here what it is able to; what of it the server cannot do, it just does not offer.
  fields: 'any',
  run: (context) => helloReply(context),
};

/** As it was called before, in OP_QUERY too. */
export const isMaster: CommandDefinition = {
  ...hello,
  run: (context) => ({ ismaster: true, helloOk: true, ...helloReply(context) }),
};

function helloReply(context: CommandContext): ReplyDoc {
  const address = context.engine.address();
  return {
    isWritablePrimary: true,
    secondary: false,
    setName: SET_NAME,
    setVersion: 1,
    electionId,
    hosts: [address],
    primary: address,
    me: address,
    maxBsonObjectSize: MAX_DOCUMENT_BYTES,
    maxMessageSizeBytes: MAX_MESSAGE_BYTES,
    maxWriteBatchSize: MAX_STATEMENTS,
    localTime: new Date(),
    logicalSessionTimeoutMinutes: 30,
    connectionId: context.connectionId,
    minWireVersion: 0,
    maxWireVersion: MAX_WIRE_VERSION,
    readOnly: false,
    ok: 1,
  };
}

/** Answers. */
export const ping: CommandDefinition = { kind: 'read', fields: [], run: () => ({ ok: 1 }) };

/** The version that mongolet stands in for. */
export const buildInfo: CommandDefinition = {
  kind: 'read',
  fields: [],
  run: () => ({
    version: VERSION.slice(0, 3).join('.'),
    versionArray: VERSION,
    gitVersion: 'mongolet',
    modules: [],
    storageEngines: ['lmdb'],
    bits: 64,
    debug: false,
    maxBsonObjectSize: MAX_DOCUMENT_BYTES,
    ok: 1,
  }),
};

/** Nobody signs in here: whoever reaches the socket may do everything. */
export const connectionStatus: CommandDefinition = {
  kind: 'read',
  fields: ['showPrivileges'],
  run: () => ({ authInfo: { authenticatedUsers: [], authenticatedUserRoles: [] }, ok: 1 }),
};

const PARAMETERS: Record<string, (engine: Engine) => unknown> = {
  featureCompatibilityVersion: () => ({ version: '7.0' }),
  authenticationMechanisms: () => [],
  enableTestCommands: (engine) => engine.failPoints !== undefined,
  transactionLifetimeLimitSeconds: (engine) => engine.transactions.lifetimeLimitS,
};

/** The few parameters that drivers and test suites ask for. */
export const getParameter: CommandDefinition = {
  kind: 'read',
  fields: ['allParameters', ...Object.keys(PARAMETERS)],
  run({ command, engine }): ReplyDoc {
    const isAll = command.getParameter === '*' || command.allParameters === true;
    const wanted = Object.entries(PARAMETERS).filter(([name]) => isAll || command[name] !== undefined);
    if (wanted.length === 0) throw errorOf('InvalidOptions', 'no option found to get');
    return { ...Object.fromEntries(wanted.map(([name, value]) => [name, value(engine)])), ok: 1 };
  },
};

/** A little about the process. */
export const serverStatus: CommandDefinition = {
  kind: 'read',
  fields: [],
  run: () => ({
    host: hostname(),
    version: VERSION.slice(0, 3).join('.'),
    process: 'mongolet',
    pid: process.pid,
    uptime: (Date.now() - startedMs) / 1000,
    localTime: new Date(),
    storageEngine: { name: 'lmdb', supportsCommittedReads: true, persistent: true },
    mem: { resident: Math.round(process.memoryUsage.rss() / 2 ** 20) },
    ok: 1,
  }),
};

/** Authentication does not exist: better said than pretended. */
export const saslStart: CommandDefinition = {
  kind: 'read',
  fields: ['mechanism', 'payload', 'options', 'autoAuthorize'],
  run() {
    throw new MongoletError(18, 'mongolet does not support authentication', {
      codeName: 'AuthenticationFailed',
    });
  },
};
