/** The past of an actor: its history run again through the machines that ran it. Pure. */
import type { ActorRecord, DurableSnapshot, HistoryEntry } from '../machines/actor-record.ts';
import { ARCHIVED } from './decide.ts';
import type { ActorDefinition } from './definition.ts';
import { commandsIn, firstStep, nextStep, rehydrate, toSnapshot } from './snapshots.ts';
import { definitionOf, type MachineVersions, type MigrationEvent } from './versions.ts';

const isMigration = ({ type }: HistoryEntry) => type === 'machine.migrated' || type === 'machine.restored';

/** The version that an actor was placed under. */
function firstVersion({ history, machine }: ActorRecord): string {
  const migration = history.find(isMigration);
  return migration === undefined ? machine.version : (migration.event as MigrationEvent).from;
}

/** The machine that an actor was placed under. @throws RetryableError when it is not loaded */
export const firstDefinition = (versions: MachineVersions, record: ActorRecord): ActorDefinition =>
  definitionOf(versions, { ...record, machine: { id: record.machine.id, version: firstVersion(record) } });

function migrated(
  versions: MachineVersions,
  { type, event }: HistoryEntry,
  snapshot: DurableSnapshot,
  record: ActorRecord,
): DurableSnapshot {
  if (type === 'machine.migrated') {
    const step = versions.migrationFrom((event as MigrationEvent).from);
    if (step === undefined) throw new Error(`There is no migration ${JSON.stringify(event)}.`);
    return step.migrate(snapshot, record.input);
  }
  const earlier = record.history.findLast(
    (entry) => entry.type === 'machine.migrated' && entry.event.to === event.from,
  );
  const before = (earlier?.event as MigrationEvent | undefined)?.before;
  if (before === undefined) throw new Error(`There is nothing to restore ${JSON.stringify(event)} from.`);
  return before;
}

/**
 * The record as it was at that seq; what was pending then is not told. Undefined when it never was at that seq.
 * @throws RetryableError when a version that ran it is not loaded
 */
export function refold(versions: MachineVersions, record: ActorRecord, seq: number): ActorRecord | undefined {
  const entry = record.history.find((each) => each.seq === seq);
  if (entry === undefined) return undefined;
  let machine = { id: record.machine.id, version: firstVersion(record) };
  let snapshot = toSnapshot(firstStep(firstDefinition(versions, record), record.input).next);
  for (const each of record.history.slice(1)) {
    if (each.seq > seq) break;
    // The machine had no part in it.
    if (each.type === ARCHIVED) continue;
    if (isMigration(each)) {
      machine = { ...machine, version: (each.event as MigrationEvent).to };
      const definition = definitionOf(versions, { ...record, machine });
      const there = migrated(versions, each, snapshot, record);
      snapshot = toSnapshot(rehydrate(definition, { ...record, snapshot: there }));
    } else {
      const definition = definitionOf(versions, { ...record, machine });
      snapshot = toSnapshot(
        nextStep(definition, rehydrate(definition, { ...record, snapshot }), each.event, each.at).next,
      );
    }
  }
  const definition = definitionOf(versions, { ...record, machine });
  const { sweepAt: _, quarantine: __, archivedAt, ...kept } = record;
  const isArchived = archivedAt !== undefined && archivedAt <= entry.at;
  const then = { ...kept, ...(isArchived && { archivedAt }), machine, snapshot };
  const now = rehydrate(definition, then);
  return {
    ...then,
    seq,
    state: entry.to,
    status: entry.final ? 'done' : 'active',
    allowedCommands: snapshot.status === 'active' ? commandsIn(definition, now) : [],
    invocations: [],
    timers: [],
    publications: [],
    history: record.history.filter((each) => each.seq <= seq),
    updatedAt: entry.at,
  };
}
