/** What a mutant is: a guard, and the change that takes it away. */

/** One guard taken away. */
export interface Mutant {
  /** The guard's name. */
  name: string;
  /** The source file, from the root of the project. */
  file: string;
  /** Stands in that file exactly once. */
  snippet: string;
  replacement: string;
  /** How many seeds of the simulation must find it, or which test files. */
  caughtBy: { seeds: number } | { tests: string[] };
}

/** Caught by the simulation. */
export const SEEDS = { seeds: 600 };
