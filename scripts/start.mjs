// `npm start`: prepares what is missing, then is the engine, in this very process: its signals, its exit code.
import { prepare } from './preparation.mjs';

await prepare({ needsRedisServer: !process.env.REDIS_URL });
await import('../dist/main.js');
