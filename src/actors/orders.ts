/** The orders as living things: placing, reading and commanding them; what REST and the feed talk to. */
import { comesEarly } from '../machines/order-news.ts';
import { whyNot } from '../machines/order-refusals.ts';
import type { OrderCommand, OrderInput, OrderPolicy, Role } from '../machines/order-types.ts';
import { allowedEventsFor, COMMAND_ROLES, type OrderRecord } from '../machines/order-view.ts';
import type { Clock } from '../platform/clock.ts';
import { RetryableError, TerminalError } from '../platform/errors.ts';
import type { OrderActors, PlaceOrder } from '../ports/order-actors.ts';
import { applyCommit } from './actor.ts';
import { begin, decide } from './decide.ts';
import type { ActorDefinition } from './definition.ts';
import type { Leases } from './effects.ts';
import type { ActorStore } from './ports.ts';
import { firstDefinition, refold } from './refold.ts';
import type { Registry } from './registry.ts';
import { definitionOf, type MachineVersions } from './versions.ts';

export interface OrdersParts {
  store: ActorStore;
  registry: Registry;
  versions: MachineVersions;
  clock: Clock;
  /** Time-ordered unique ids, so that new orders stand together in every index. */
  newId: () => string;
  leases: Leases;
  policy: OrderPolicy;
  publish(record: OrderRecord): void;
}

function toInput(order: PlaceOrder, orderId: string, policy: OrderPolicy): OrderInput {
  const { customerId, currency, lines, pricing, fulfilment, shippingAddress, onDecline } = order;
  const { paymentToken, reference } = order;
  return {
    orderId,
    customerId,
    currency,
    lines,
    amountMinor: lines.reduce((sum, { quantity, unitPriceMinor }) => sum + quantity * unitPriceMinor, 0),
    pricing,
    fulfilment,
    shippingAddress,
    ...(paymentToken !== undefined && { paymentToken }),
    onDecline,
    ...(reference !== undefined && { reference }),
    policy,
  };
}

/** The facade over the runtime for orders. */
export const createOrders = (parts: OrdersParts): OrderActors => ({
  ...placing(parts),
  ...reading(parts),
  ...commanding(parts),
});

function placing(parts: OrdersParts): Pick<OrderActors, 'place' | 'replay'> {
  const { store, registry, versions, clock, newId, leases, policy, publish } = parts;

  const atPlacing = (
    definition: ActorDefinition,
    input: OrderInput,
    { by, idempotency }: Pick<PlaceOrder, 'by' | 'idempotency'>,
    placedAt: Date,
  ) => {
    const actor = { _id: input.orderId, input, idempotency };
    return begin(definition, actor, { type: 'order.placed', by }, placedAt, leases) as OrderRecord;
  };

  /** Keys are the customer's own. */
  const scoped = ({ by, idempotency: { key, fingerprint } }: Pick<PlaceOrder, 'by' | 'idempotency'>) => ({
    by,
    idempotency: { key: `${by.userId ?? by.role}/${key}`, fingerprint },
  });

  /** The machine is pure: the order as it was at seq 1 follows from its input again. */
  const replayed = (earlier: OrderRecord, request: Pick<PlaceOrder, 'by' | 'idempotency'>) => {
    if (earlier.idempotency?.fingerprint !== request.idempotency.fingerprint) throw keyReused();
    return atPlacing(firstDefinition(versions, earlier), earlier.input, request, earlier.placedAt);
  };

  return {
    async replay(placing) {
      const request = scoped(placing);
      const earlier = (await store.findByKey(request.idempotency.key)) as OrderRecord | undefined;
      return earlier && replayed(earlier, request);
    },

    async place(order) {
      const request = scoped(order);
      const input = toInput(order, newId(), policy);
      const record = atPlacing(versions.current, input, request, clock.now());
      const earlier = (await store.insert(record)) as OrderRecord | undefined;
      if (earlier === undefined) {
        registry.activate(record._id, record);
        publish(record);
        return { record, replayed: false };
      }
      return { record: replayed(earlier, request), replayed: true };
    },
  };
}

function reading({
  store,
  versions,
  clock,
  leases,
}: OrdersParts): Pick<OrderActors, 'read' | 'readAt' | 'simulate'> {
  return {
    async read(orderId) {
      return (await store.load(orderId)) as OrderRecord | undefined;
    },

    async readAt(orderId, seq) {
      const record = await store.load(orderId);
      return record && (refold(versions, record, seq) as OrderRecord | undefined);
    },

    async simulate(orderId, command, role) {
      const record = existing((await store.load(orderId)) as OrderRecord | undefined, orderId);
      const stimulus = { kind: 'command' as const, event: command, by: { role }, commandId: '' };
      const decision = decide(definitionOf(versions, record), record, stimulus, clock.now(), leases);
      if (decision.kind !== 'moved' || !COMMAND_ROLES[command.type].includes(role))
        return { taken: false, refusal: refusal(record, command, role) };
      return { taken: true, before: record, after: applyCommit(record, decision.commit) as OrderRecord };
    },
  };
}

/** When news that came early are to be told again: bookings are mostly committed a moment later. */
const EARLY_AGAIN_MS = 5_000;

function commanding({ registry }: OrdersParts): Pick<OrderActors, 'send' | 'report' | 'archive'> {
  return {
    async archive(orderId, { by, commandId }) {
      const told = await registry.activate(orderId).tell({
        kind: 'archive',
        by,
        commandId: `${by.userId ?? by.role}/${commandId}`,
      });
      const record = existing(told.record as OrderRecord | undefined, orderId);
      if (told.kind !== 'refused') return record;
      throw new TerminalError('event-refused', 'Only an order that has ended can be archived.', {
        state: record.state,
        allowedEvents: allowedEventsFor(record, by.role),
      });
    },

    async send(orderId, command, { by, commandId, expectedSeq }) {
      if (!COMMAND_ROLES[command.type].includes(by.role))
        throw new TerminalError('forbidden', `${command.type} is for operators.`);
      const told = await registry.activate(orderId).tell({
        kind: 'command',
        event: command,
        by,
        commandId: `${by.userId ?? by.role}/${commandId}`,
        ...(expectedSeq !== undefined && { expectedSeq }),
      });
      const record = existing(told.record as OrderRecord | undefined, orderId);
      if (told.kind === 'reused') throw keyReused();
      if (told.kind === 'outdated')
        throw new TerminalError(
          'precondition-failed',
          `The order is at seq ${record.seq} by now, not at the one expected; read it again.`,
        );
      if (told.kind === 'refused') throw refusal(record, command, by.role);
      return { record, replayed: told.kind === 'repeated' };
    },

    async report(orderId, fact, { provider, eventId }) {
      const told = await registry.activate(orderId).tell({
        kind: 'command',
        event: fact,
        by: { role: 'system', userId: provider },
        commandId: `${provider}/${eventId}`,
      });
      const record = existing(told.record as OrderRecord | undefined, orderId);
      if (told.kind === 'refused' && comesEarly(record, fact))
        throw new RetryableError(`${fact.type} came before the order ${orderId} knew of that parcel.`, {
          retryAfterMs: EARLY_AGAIN_MS,
        });
      if (told.kind === 'moved') return told.kind;
      return told.kind === 'repeated' || told.kind === 'reused' ? 'repeated' : 'ignored';
    },
  };
}

const keyReused = (): TerminalError =>
  new TerminalError(
    'idempotency-key-reused',
    'This Idempotency-Key came before with another body; send a new key with a new request.',
  );

/** @throws TerminalError `not-found` */
function existing<T>(record: T | undefined, orderId: string): T {
  if (record === undefined) throw new TerminalError('not-found', `There is no order ${orderId}.`);
  return record;
}

function refusal(record: OrderRecord, command: OrderCommand, role: Role): TerminalError {
  const why =
    whyNot(record, command) ?? `The order is ${record.state} and does not take ${command.type} now.`;
  return new TerminalError('event-refused', why, {
    state: record.state,
    allowedEvents: allowedEventsFor(record, role),
  });
}
