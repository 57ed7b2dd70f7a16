/** A stand-in for the engine: a process of its own around `startEmbedded`, to be killed and interrupted. */
import { startEmbedded } from '../../src/embedded/services.ts';
import { createLogger } from '../../src/platform/logger.ts';

const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);

// A signal to the whole group is to reach the children only if they are of the group.
process.on('SIGINT', () => say({ interrupted: true }));
const services = await startEmbedded({ dataDir: process.argv[2] ?? '', logger: createLogger('silent') });
process.on('SIGTERM', () => void services.stop().then(() => process.exit(0)));
say({ mongodbUri: services.mongodbUri, redisUrl: services.redisUrl });
