/** Takes actors from one version of their machine to the next while they run, or back. */
import type { ActorRecord } from '../machines/actor-record.ts';
import type { Clock } from '../platform/clock.ts';
import { messageOf } from '../platform/errors.ts';
import type { Leases } from './effects.ts';
import type { ActorStore, Commit, VersionedActors } from './ports.ts';
import { type MachineVersions, migrate, restore } from './versions.ts';

export interface UpgradeParts {
  store: Pick<ActorStore, 'load' | 'commit'> & VersionedActors;
  versions: MachineVersions;
  clock: Clock;
  leases: Leases;
}

/** `check` changes nothing; `back` takes back what has not moved since. */
export type Direction = 'check' | 'forth' | 'back';

/** Which actors, and where they are to go: to that version, the newest unless given. */
export interface Journey {
  ended: boolean;
  to?: string | undefined;
}

/** How far it has come. */
export interface UpgradeReport {
  /** Actors that went, or that could go. */
  gone: number;
  /** Actors that cannot, each with the reason. */
  stays: { id: string; state: string; version: string; why: string }[];
}

const PAGE = 200;
/** Races lost in a row against the actor's own work. */
const MAX_RACES = 100;

/**
 * Goes through all actors that are not on the version wanted. It can be ended and begun again at any moment:
 * each actor goes by one compare-and-set, and what has gone is not looked at again.
 * @param onProgress called after every page
 */
export async function upgrade(
  parts: UpgradeParts,
  direction: Direction,
  { ended, to }: Journey,
  onProgress: (report: UpgradeReport) => void = () => undefined,
): Promise<UpgradeReport> {
  const { store, versions } = parts;
  const report: UpgradeReport = { gone: 0, stays: [] };
  const wanted = to ?? versions.current.version;
  let after: string | undefined;
  for (;;) {
    const page = await store.onOtherVersions(
      wanted,
      { ended },
      {
        limit: PAGE,
        ...(after !== undefined && { after }),
      },
    );
    await Promise.all(page.map((record) => takeOne(parts, { direction, wanted }, record, report)));
    onProgress(report);
    after = page.at(-1)?._id;
    if (page.length < PAGE) return report;
  }
}

async function takeOne(
  parts: UpgradeParts,
  { direction, wanted }: { direction: Direction; wanted: string },
  found: ActorRecord,
  report: UpgradeReport,
): Promise<void> {
  let record: ActorRecord | undefined = found;
  try {
    for (let races = 0; record !== undefined; races += 1) {
      const went = await takeSteps(parts, { direction, wanted }, record);
      if (went !== 'raced') {
        if (went === 'gone') report.gone += 1;
        return;
      }
      if (races >= MAX_RACES) throw new Error('it moved on at every attempt; run this again');
      record = await parts.store.load(found._id);
      // What looked like a lost race may have been won.
      if (record?.machine.version === wanted) {
        report.gone += 1;
        return;
      }
    }
  } catch (error) {
    const { _id: id, state, machine } = found;
    report.stays.push({ id, state, version: machine.version, why: messageOf(error) });
  }
}

/** All the steps from where the record is. */
async function takeSteps(
  { store, versions, clock, leases }: UpgradeParts,
  { direction, wanted }: { direction: Direction; wanted: string },
  record: ActorRecord,
): Promise<'gone' | 'nothing' | 'raced'> {
  const step = direction === 'back' ? restore : migrate;
  let at = record;
  for (;;) {
    if (at.machine.version === wanted) return 'gone';
    const commit: Commit | undefined = step(versions, at, clock.now(), leases);
    if (commit === undefined) return at === record ? 'nothing' : 'gone';
    if (direction !== 'check' && !(await store.commit(at._id, at.seq, commit))) return 'raced';
    const { entry, sweepAt: _, ...changed } = commit;
    at = { ...at, ...changed, seq: entry.seq, history: [...at.history, entry] };
  }
}
