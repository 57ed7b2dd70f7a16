/** Ordo's client: watch orders move. */
export { connect, type OrdoClient } from './client.ts';
export type { ConnectOptions } from './connection.ts';
export { OrdoError, type OrdoErrorCode } from './errors.ts';
export { type Commands, commandsIn } from './machine.ts';
export type {
  ListTransition,
  Machine,
  MachineState,
  Order,
  OrderFilter,
  QueueCounts,
  Reason,
  Role,
  Transition,
  Way,
} from './types.ts';
export type {
  Listener,
  ListWatch,
  ListWatchOptions,
  OrderWatch,
  OrderWatchOptions,
  QueueWatch,
  Watch,
  WatchOptions,
} from './watches.ts';
