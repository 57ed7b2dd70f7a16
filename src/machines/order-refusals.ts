/** Why a command that the order's state would take is refused all the same: for what it asks. Pure. */
import { paidMinor, returnableLines, unsentLines } from './order-lines.ts';
import type { LineQuantity, OrderCommand } from './order-types.ts';
import type { OrderRecord } from './order-view.ts';

/** What is wrong with those lines, in a sentence; undefined when nothing is. */
function faultOf(asked: LineQuantity[], available: LineQuantity[], what: string): string | undefined {
  for (const { line, quantity } of asked) {
    if (asked.filter((other) => other.line === line).length > 1)
      return `Line ${line} is named twice; name each line once.`;
    const left = available.find((item) => item.line === line)?.quantity ?? 0;
    if (quantity > left) return `Of line ${line}, ${left} can be ${what}, not ${quantity}.`;
  }
  return undefined;
}

/** The sentence to answer a refused command with; undefined when it is the order's state that refuses it. */
export function whyNot(record: OrderRecord, command: OrderCommand): string | undefined {
  if (!record.allowedCommands.includes(command.type)) return undefined;
  const context = { ...record.snapshot.context, input: record.input };
  switch (command.type) {
    case 'order.cancelLines':
      return (
        faultOf(command.lines, unsentLines(context), 'cancelled') ??
        (record.state === 'needsAttention'
          ? 'The carrier does not take what is left; cancel all that is not sent.'
          : 'That would cancel all that there is; send order.cancel instead.')
      );
    case 'order.ship':
      return faultOf(command.lines ?? [], unsentLines(context), 'sent');
    case 'order.return':
      return faultOf(command.lines, returnableLines(context), 'returned');
    case 'order.refund':
      return `${paidMinor(context.payment)} can be refunded, not ${command.amountMinor} (minor units).`;
    default:
      return undefined;
  }
}
