// Prepares all that the tests and the checks need, and no more; `.ci/run` begins with it.
import { prepare } from './preparation.mjs';

await prepare({ needsRedisServer: true });
