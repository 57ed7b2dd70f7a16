/** Ports that do nothing but remember what they were asked, for tests of one processor at a time. */
import { createCompensations } from '../../src/jobs/compensations.ts';
import { createProcessors } from '../../src/jobs/processors.ts';
import type { ProcessorParts } from '../../src/jobs/work.ts';
import type { Charge } from '../../src/ports/payment.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { START } from '../support/orders.ts';

/** A captured charge of 2500 with those refunds, by key. */
export const capturedWith = (refunds: Record<string, number> = {}): Charge => ({
  status: 'captured',
  paymentId: 'p',
  amountMinor: 2500,
  refunds: Object.entries(refunds).map(([key, amountMinor]) => ({ key, amountMinor })),
});

/** The processors over such ports, and what they asked, in order. */
export function setUp(changes: { [TPort in keyof ProcessorParts]?: Partial<ProcessorParts[TPort]> } = {}) {
  const asked: unknown[][] = [];
  const ask =
    (name: string, answer: unknown = undefined) =>
    async (...args: unknown[]) => {
      asked.push([name, ...args]);
      return answer;
    };
  const parts = {
    stock: {
      hold: ask('hold', { shortfalls: [], heldSome: true }),
      release: ask('release'),
      keep: ask('keep'),
      restock: ask('restock'),
      sell: ask('sell'),
      ...changes.stock,
    },
    gateway: {
      capture: ask('capture', capturedWith()),
      lookUp: ask('lookUp'),
      void: ask('void', capturedWith()),
      refund: async (refund: { refundKey: string; amountMinor: number }) => {
        asked.push(['refund', refund]);
        return { key: refund.refundKey, amountMinor: refund.amountMinor };
      },
      ...changes.gateway,
    },
    carrier: { recall: ask('recall'), ...changes.carrier },
    notifier: { send: ask('send', { messageId: 'm' }), ...changes.notifier },
    users: { findById: ask('findById', { id: 'customer-1' }), ...changes.users },
    clock: createFakeClock(START),
    newId: () => 'token-1',
  } as unknown as ProcessorParts;
  return { asked, parts, processors: createProcessors(parts), compensations: createCompensations(parts) };
}
