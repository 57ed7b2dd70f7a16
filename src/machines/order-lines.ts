/** What is left of an order's lines and money, and what may still be done with them: pure arithmetic. */
import type { LineQuantity, OrderContext, OrderInput, Payment, Shipment } from './order-types.ts';

/** The context as these functions need it, with or without the facts in it. */
type Lines = Pick<OrderContext, 'input' | 'cancelled' | 'returned' | 'shipments'>;

const quantityIn = (list: readonly LineQuantity[] | undefined, line: number): number =>
  list?.reduce((sum, item) => (item.line === line ? sum + item.quantity : sum), 0) ?? 0;

/** Both lists as one, by line. */
export function addLines(list: readonly LineQuantity[] = [], more: readonly LineQuantity[]): LineQuantity[] {
  const lines = [...new Set([...list, ...more].map(({ line }) => line))].sort((a, b) => a - b);
  return lines.map((line) => ({ line, quantity: quantityIn(list, line) + quantityIn(more, line) }));
}

/** The units of each line for which `left` gives more than none. */
function eachLine(input: OrderInput, left: (quantity: number, line: number) => number): LineQuantity[] {
  return input.lines
    .map(({ quantity }, index) => ({ line: index + 1, quantity: left(quantity, index + 1) }))
    .filter(({ quantity }) => quantity > 0);
}

/** The units that are not cancelled. */
export function keptLines({ input, cancelled }: Pick<Lines, 'input' | 'cancelled'>): LineQuantity[] {
  return eachLine(input, (quantity, line) => quantity - quantityIn(cancelled, line));
}

/** The units that stand in no parcel yet. A parcel without lines of its own holds the whole order. */
export function unsentLines(context: Lines): LineQuantity[] {
  const sent = context.shipments ?? [];
  if (sent.some(({ lines }) => lines === undefined)) return [];
  const inParcels = sent.flatMap(({ lines }) => lines ?? []);
  return eachLine(
    context.input,
    (quantity, line) => quantity - quantityIn(context.cancelled, line) - quantityIn(inParcels, line),
  );
}

/** The units that can come back. */
export function returnableLines(context: Lines): LineQuantity[] {
  return eachLine(
    context.input,
    (quantity, line) => quantity - quantityIn(context.cancelled, line) - quantityIn(context.returned, line),
  );
}

/** Whether `asked` names lines once each, and no more units than `available` has of them. */
export function within(asked: readonly LineQuantity[], available: readonly LineQuantity[]): boolean {
  return (
    asked.length > 0 &&
    new Set(asked.map(({ line }) => line)).size === asked.length &&
    asked.every(({ line, quantity }) => quantity >= 1 && quantity <= quantityIn(available, line))
  );
}

/** Units altogether. */
export const unitsOf = (lines: readonly LineQuantity[]): number =>
  lines.reduce((sum, { quantity }) => sum + quantity, 0);

/** What those units cost, in minor units. */
export function amountOf(input: OrderInput, lines: readonly LineQuantity[]): number {
  return lines.reduce(
    (sum, { line, quantity }) => sum + quantity * (input.lines[line - 1]?.unitPriceMinor ?? 0),
    0,
  );
}

/** What is to be paid for what is not cancelled, in minor units. */
export function dueMinor({ input, cancelled }: Pick<Lines, 'input' | 'cancelled'>): number {
  return cancelled === undefined ? input.amountMinor : amountOf(input, keptLines({ input, cancelled }));
}

/** What is paid and not given back, in minor units. */
export const paidMinor = (payment: Payment | undefined): number =>
  payment === undefined ? 0 : payment.capturedMinor - payment.refundedMinor;

/** The units by product; the order is that of the lines. */
export function bySku(
  input: OrderInput,
  lines: readonly LineQuantity[],
): { sku: string; quantity: number }[] {
  const units = new Map<string, number>();
  for (const { line, quantity } of lines) {
    const sku = input.lines[line - 1]?.sku;
    if (sku !== undefined) units.set(sku, (units.get(sku) ?? 0) + quantity);
  }
  return [...units].map(([sku, quantity]) => ({ sku, quantity }));
}

/** The next parcel, as full as may be; undefined when it holds the whole order. */
export function nextParcel(context: Lines): LineQuantity[] | undefined {
  const unsent = unsentLines(context);
  let room = context.input.policy.parcelUnits ?? Number.POSITIVE_INFINITY;
  const whole = context.shipments === undefined && context.cancelled === undefined;
  if (whole && unitsOf(unsent) <= room) return undefined;
  const parcel: LineQuantity[] = [];
  for (const { line, quantity } of unsent) {
    const taken = Math.min(quantity, room);
    if (taken > 0) parcel.push({ line, quantity: taken });
    room -= taken;
  }
  return parcel;
}

/** Given into the carrier's hands: it cannot be called back any more. */
export const handedOver = ({ status }: Shipment): boolean => status !== 'booked';
