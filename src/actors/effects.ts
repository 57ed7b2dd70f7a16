/** What a transition asks for, sorted into durable work. Pure. */
import type { AnyStateMachine, ExecutableActionsFrom } from 'xstate';
import type { ActorRecord, Invocation, Timer } from '../machines/actor-record.ts';
import type { ActorDefinition } from './definition.ts';

/** When pending work is looked after again, and how near a timer must be to become a job. */
export interface Leases {
  leaseMs: number;
}

/** The snapshot's value as a dotted name; parallel regions are joined by `+`. */
export function stateName(value: unknown): string {
  if (typeof value === 'string') return value;
  return Object.entries(value as Record<string, unknown>)
    .map(([key, inner]) => `${key}.${stateName(inner)}`)
    .join('+');
}

/** However long work has rested in its queue, it is looked at once in this time, but not more often than in a lease. */
export const longestRestMs = ({ leaseMs }: Leases): number => Math.max(leaseMs, 3_600_000);

/**
 * When the sweep must look at a record with this pending; undefined when never.
 * @param restsSince since when the queues have all its jobs; work that rests there is looked at a lease later, then each
 *   time after as long again as it has rested. `now` where that is not known
 */
export function sweepTime(
  pending: Pick<ActorRecord, 'invocations' | 'timers' | 'publications'>,
  now: Date,
  leases: Leases,
  restsSince = now,
): Date | undefined {
  const nowMs = now.getTime();
  const nextLook = (sinceMs: number) => {
    const restMs = Math.min(Math.max(nowMs - sinceMs, leases.leaseMs), longestRestMs(leases));
    return Math.max(nowMs, sinceMs) + restMs;
  };
  const times = pending.timers.map(({ dueAt }) => {
    const handOver = dueAt.getTime() - leases.leaseMs;
    return handOver > nowMs ? handOver : nextLook(Math.max(dueAt.getTime(), restsSince.getTime()));
  });
  if (pending.invocations.length + pending.publications.length > 0)
    times.push(nextLook(restsSince.getTime()));
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}

/** The durable work that one transition starts and ends. */
export interface Effects {
  invocations: Invocation[];
  timers: Timer[];
  cancelledTimers: Set<string>;
  emitted: unknown[];
}

/** An action as XState hands it out: `info` is what it happened with, `params` what it is about. */
interface Action {
  type: string;
  info: unknown;
  params: Record<string, unknown> | undefined;
}

/** Sorts the actions that XState asks for into durable work; anything it cannot make durable is an error. */
export function collectEffects(
  { invokes }: Pick<ActorDefinition, 'invokes'>,
  actions: ExecutableActionsFrom<AnyStateMachine>[],
  seq: number,
  now: Date,
): Effects {
  const effects: Effects = { invocations: [], timers: [], cancelledTimers: new Set(), emitted: [] };
  for (const action of actions as Action[]) {
    const params = action.params ?? {};
    if (action.type === 'xstate.spawnChild') {
      const { id, src } = params as { id: string; src: string };
      const asked = invokes.get(id)?.input;
      const input: unknown = typeof asked === 'function' ? asked(action.info) : asked;
      effects.invocations.push({ id, seq, src, input: input ?? {}, attempts: 0, dispatch: 0 });
    } else if (action.type === 'xstate.raise' && params.delay !== undefined) {
      const { id, delay } = params as { id: string; delay: number };
      effects.timers.push({ id, seq, dueAt: new Date(now.getTime() + delay), dispatch: 0 });
    } else if (action.type === 'xstate.cancel') {
      effects.cancelledTimers.add(String(params.sendId));
    } else if (action.type === 'xstate.emit') {
      effects.emitted.push(params.event);
    } else if (action.type !== 'xstate.stopChild') {
      throw new Error(`The action "${action.type}" cannot be made durable: let an invocation do it.`);
    }
  }
  return effects;
}
