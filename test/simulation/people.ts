/** What people do with orders, each at a moment and in a role that the seed picks; some of it must be refused. */
import { returnableLines, unsentLines } from '../../src/machines/order-lines.ts';
import type { LineQuantity, OrderCommand, OrderInput, Role } from '../../src/machines/order-types.ts';
import { COMMAND_ROLES, type OrderRecord } from '../../src/machines/order-view.ts';
import { TerminalError } from '../../src/platform/errors.ts';
import type { PlaceOrder } from '../../src/ports/order-actors.ts';
import type { Outside } from './outside.ts';
import type { SimulatedProcess } from './process.ts';
import type { Scheduler } from './scheduler.ts';

const COMMANDS = Object.keys(COMMAND_ROLES) as OrderCommand['type'][];
const ROLES: Role[] = ['customer', 'operator', 'admin'];
/** What ends or stops an order is asked more rarely, or hardly any order would get far. */
const RARE: readonly string[] = ['order.cancel', 'order.hold'];
const PRICE_MINOR: Record<string, number> = { CUP: 500, POT: 1_200 };

const living = (processes: SimulatedProcess[]) => processes.filter(({ alive }) => alive);

/** A means of payment, never the same twice. */
const newToken = (scheduler: Scheduler, kinds: string[]): string =>
  `tok_${scheduler.pick(kinds)}_${scheduler.random()}`;

function newOrder(scheduler: Scheduler, number: number): PlaceOrder {
  const line = (sku: string) => ({
    sku,
    quantity: 1 + Math.floor(scheduler.random() * 2),
    unitPriceMinor: PRICE_MINOR[sku] ?? 0,
  });
  const baskets = [['CUP'], ['CUP', 'POT'], ['POT', 'CUP'], ['CUP', 'CUP'], ['POT']];
  const token = newToken(scheduler, ['approve', 'approve', 'approve', 'decline', 'pending', 'none']);
  return {
    customerId: 'c',
    currency: 'EUR',
    lines: (scheduler.pick(baskets) ?? []).map(line),
    pricing: 'catalogue',
    fulfilment: scheduler.chance(0.25) ? 'manual' : 'automatic',
    shippingAddress: { name: 'A', street: 'S', city: 'L', postalCode: 'SW1Y 4JH', country: 'GB' },
    ...(!token.startsWith('tok_none') && { paymentToken: token }),
    onDecline: scheduler.chance(0.5) ? 'wait' : 'end',
    by: { role: 'customer', userId: 'c' },
    idempotency: { key: `k${number}`, fingerprint: 'f' },
  };
}

/** A customer places an order, and repeats the request with the same key until there is an answer. */
export function place(
  { scheduler }: Outside,
  processes: SimulatedProcess[],
  accepted: Set<string>,
  number: number,
): void {
  const order = newOrder(scheduler, number);
  const attempt = () => {
    scheduler
      .pick(living(processes))
      ?.orders.place(order)
      .then(({ record }) => accepted.add(record._id), attempt);
  };
  attempt();
}

/** Some units of some lines, mostly such as there are. */
function someLines(scheduler: Scheduler, input: OrderInput, available: LineQuantity[]): LineQuantity[] {
  if (available.length === 0 || scheduler.chance(0.1))
    return [{ line: 1 + Math.floor(scheduler.random() * input.lines.length), quantity: 1 }];
  if (scheduler.chance(0.3)) return available;
  const { line, quantity } = scheduler.pick(available) ?? { line: 1, quantity: 1 };
  return [{ line, quantity: 1 + Math.floor(scheduler.random() * quantity) }];
}

function wordsOf(scheduler: Scheduler, type: OrderCommand['type'], record: OrderRecord): OrderCommand {
  const context = { ...record.snapshot.context, input: record.input };
  const some = (available: LineQuantity[]) => someLines(scheduler, record.input, available);
  switch (type) {
    case 'order.cancelLines':
      return { type, lines: some(unsentLines(context)) };
    case 'order.pay':
      return { type, token: newToken(scheduler, ['approve', 'decline', 'pending']) };
    case 'order.hold':
      return { type, reason: 'looks odd' };
    case 'order.ship': {
      const trackingNumber = `hand-${record._id}-${scheduler.pick([1, 2, 3])}`;
      const lines = scheduler.chance(0.4) ? {} : { lines: some(unsentLines(context)) };
      return { type, carrier: 'van', trackingNumber, ...lines };
    }
    case 'order.return':
      return { type, lines: some(returnableLines(context)), restock: scheduler.chance(0.5) };
    case 'order.refund': {
      const { capturedMinor = 0, refundedMinor = 0 } = context.payment ?? {};
      const left = Math.max(1, capturedMinor - refundedMinor);
      return { type, amountMinor: scheduler.chance(0.1) ? left + 1 : Math.ceil(left * scheduler.random()) };
    }
    default:
      return { type };
  }
}

/** Sends the command until it is answered; who is not answered asks again with the same id. */
function send(
  { scheduler, answers }: Outside,
  processes: SimulatedProcess[],
  record: OrderRecord,
  type: OrderCommand['type'],
  role: Role,
): void {
  const { _id: orderId } = record;
  const command = wordsOf(scheduler, type, record);
  const by = { role, userId: role };
  const commandId = `${type}-${scheduler.random()}`;
  const answer = (taken: boolean) =>
    void answers.push({ orderId, commandId: `${by.userId}/${commandId}`, taken });
  const attempt = () => {
    scheduler
      .pick(living(processes))
      ?.orders.send(orderId, command, { by, commandId })
      .then(
        () => answer(true),
        (error) => {
          if (!(error instanceof TerminalError)) attempt();
          else if (error.code === 'event-refused') answer(false);
        },
      );
  };
  scheduler.count(type);
  attempt();
}

function pickCommand(
  scheduler: Scheduler,
  commands: readonly OrderCommand['type'][],
): OrderCommand['type'] | undefined {
  const type = scheduler.pick(commands);
  return type !== undefined && RARE.includes(type) && scheduler.chance(0.6) ? undefined : type;
}

/** Somebody asks something of an order. */
export function command(outside: Outside, processes: SimulatedProcess[]): void {
  const { scheduler, store } = outside;
  const record = scheduler.pick([...store.records.values()]) as OrderRecord | undefined;
  if (record === undefined) return;
  const allowed = record.allowedCommands as OrderCommand['type'][];
  const type = pickCommand(scheduler, scheduler.chance(0.8) ? allowed : COMMANDS);
  const role = scheduler.pick(ROLES);
  if (type && role) send(outside, processes, record, type, role);
}

/** An operator looks after an order that waits for people; false when none does. */
export function attend(outside: Outside, processes: SimulatedProcess[]): boolean {
  const { scheduler, store, isAttended } = outside;
  const waiting = [...store.records.values()].filter(
    ({ status, invocations, allowedCommands }) =>
      status === 'active' && invocations.length === 0 && allowedCommands.length > 0,
  ) as OrderRecord[];
  const record = scheduler.pick(waiting);
  // Where there is a deadline, time alone must be enough.
  if (record === undefined || (record.timers.length > 0 && !(isAttended && scheduler.chance(0.05))))
    return false;
  const type = pickCommand(scheduler, record.allowedCommands as OrderCommand['type'][]);
  // Nobody puts an order on hold for ever.
  if (type === undefined || type === 'order.hold') return false;
  send(outside, processes, record, type, 'operator');
  return true;
}
