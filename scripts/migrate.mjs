// `npm run migrate -- status|up|down`: prepares what is missing, then runs the migrations of this version.
import { prepare } from './preparation.mjs';

await prepare({ needsRedisServer: false });
await import('../dist/migrate.js');
