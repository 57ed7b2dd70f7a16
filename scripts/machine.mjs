// `npm run machine -- check|migrate|restore`: prepares what is missing, then takes orders to this version's machine.
import { prepare } from './preparation.mjs';

await prepare({ needsRedisServer: false });
await import('../dist/machine.js');
