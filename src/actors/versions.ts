/** The versions of a machine that are loaded, and the way of an actor from one to the next. Pure. */
import type { AnyStateMachine } from 'xstate';
import type { ActorRecord, DurableSnapshot, HistoryEntry, Migration } from '../machines/actor-record.ts';
import { RetryableError } from '../platform/errors.ts';
import { toCommit } from './commit.ts';
import { type ActorDefinition, defineActor } from './definition.ts';
import type { Leases } from './effects.ts';
import type { Commit } from './ports.ts';
import { rehydrate, type Step } from './snapshots.ts';

/** The event of a migration in an actor's history; `before` is what a way back restores. */
export interface MigrationEvent {
  type: 'machine.migrated' | 'machine.restored';
  from: string;
  to: string;
  before?: DurableSnapshot;
  [key: string]: unknown;
}

/** All that the runtime knows of a machine's versions. */
export interface MachineVersions {
  /** What new actors run on. */
  current: ActorDefinition;
  /** Every `queue.verb` that any of them invokes. */
  sources: ReadonlySet<string>;
  /** The machine that a record runs on; undefined when it is not loaded. */
  of(machine: ActorRecord['machine']): ActorDefinition | undefined;
  /** The step from that version; undefined from the last. */
  migrationFrom(version: string): Migration | undefined;
}

/**
 * Makes the versions ready, the oldest first.
 * @throws Error when one cannot be made durable, or a migration leads to or from what is not loaded.
 */
export function createVersions(machines: AnyStateMachine[], migrations: Migration[]): MachineVersions {
  const definitions = machines.map(defineActor);
  const current = definitions.at(-1);
  if (current === undefined) throw new Error('There is no machine.');
  for (const version of migrations.flatMap(({ from, to }) => [from, to]))
    if (!definitions.some((definition) => definition.version === version))
      throw new Error(`A migration names version ${version} of ${current.id}, which is not loaded.`);
  return {
    current,
    sources: new Set(definitions.flatMap(({ sources }) => [...sources])),
    of: ({ id, version }) =>
      definitions.find((definition) => definition.id === id && definition.version === version),
    migrationFrom: (version) => migrations.find(({ from }) => from === version),
  };
}

/** While versions roll out, the other processes come by in their turns. */
const RETRY_AFTER_MS = 5_000;

/** The machine of that record. @throws RetryableError when its version is not loaded here: another process has it */
export function definitionOf(versions: MachineVersions, { _id, machine }: ActorRecord): ActorDefinition {
  const definition = versions.of(machine);
  if (definition !== undefined) return definition;
  throw new RetryableError(
    `Order ${_id} runs on machine ${machine.id}, version ${machine.version}, which is not loaded here; a process that has it goes on.`,
    { retryAfterMs: RETRY_AFTER_MS },
  );
}

/** @throws Error naming what is pending and has no owner in the new version */
function checkPending(
  { invocations, timers }: ActorRecord,
  definition: ActorDefinition,
  { next }: Step,
): void {
  const active = new Set(next._nodes.map((node) => node.id));
  const heard = new Set(next._nodes.flatMap((node) => node.ownEvents));
  for (const { id } of invocations)
    if (!active.has(definition.invokes.get(id)?.owner ?? ''))
      throw new Error(`its pending work "${id}" belongs to no state that it would be in`);
  for (const { id } of timers)
    if (!heard.has(id)) throw new Error(`its deadline "${id}" belongs to no state that it would be in`);
}

function move(
  target: ActorDefinition,
  record: ActorRecord,
  snapshot: DurableSnapshot,
  event: MigrationEvent,
  now: Date,
  leases: Leases,
): Commit {
  const machine = { id: target.id, version: target.version };
  const step = { next: rehydrate(target, { ...record, snapshot }), actions: [] };
  checkPending(record, target, step);
  const occurrence = {
    type: event.type,
    event,
    by: { role: 'system' },
    commandId: `${event.type}.${event.to}`,
  };
  return { ...toCommit(target, record, step, occurrence, now, leases), machine };
}

/**
 * The commit that takes a record one version further; undefined when it runs on the last.
 * @throws Error saying why it cannot go
 */
export function migrate(
  versions: MachineVersions,
  record: ActorRecord,
  now: Date,
  leases: Leases,
): Commit | undefined {
  const { version } = definitionOf(versions, record);
  const step = versions.migrationFrom(version);
  if (step === undefined) return undefined;
  const target = definitionOf(versions, { ...record, machine: { id: record.machine.id, version: step.to } });
  const event = { type: 'machine.migrated' as const, from: version, to: step.to, before: record.snapshot };
  return move(target, record, step.migrate(record.snapshot, record.input), event, now, leases);
}

/** The migrations of a history that were not taken back. */
function standingMigrations(history: HistoryEntry[]): HistoryEntry[] {
  const standing: HistoryEntry[] = [];
  for (const entry of history) {
    if (entry.type === 'machine.migrated') standing.push(entry);
    if (entry.type === 'machine.restored') standing.pop();
  }
  return standing;
}

/**
 * The commit that takes back the last standing migration of a record that has not moved since; undefined when it has
 * none.
 * @throws Error when it has moved on
 */
export function restore(
  versions: MachineVersions,
  record: ActorRecord,
  now: Date,
  leases: Leases,
): Commit | undefined {
  const last = standingMigrations(record.history).at(-1);
  if (last === undefined) return undefined;
  const { from, to, before } = last.event as MigrationEvent;
  const moved = record.history.some(({ seq, type }) => seq > last.seq && !type.startsWith('machine.'));
  if (moved || before === undefined)
    throw new Error(`it has moved on since it was migrated (seq ${last.seq}, now ${record.seq})`);
  const target = definitionOf(versions, { ...record, machine: { id: record.machine.id, version: from } });
  return move(target, record, before, { type: 'machine.restored', from: to, to: from }, now, leases);
}
