/** Transitions that several states of the order's machine share. */
import { and } from 'xstate';
import type { StuckState } from './order-types.ts';

/** Attempts used up: the order waits for an operator, and remembers where to go on. */
export const attention = (state: StuckState) =>
  ({
    target: 'needsAttention',
    actions: [{ type: 'beStuckIn', params: { state } }, 'noteTrouble'],
  }) as const;

/** The order is undone for that reason, and ends so. */
export const endAs = (ending: 'declined' | 'rejected' | 'expired', code: string, detail: string) =>
  ({ type: 'endAs', params: { ending, code, detail } }) as const;

export const cancel = { target: 'undoing', actions: 'rememberCancel' } as const;
/** A parcel in the carrier's hands cannot be called back: what was not sent can be cancelled by lines. */
export const cancelUnlessSent = { ...cancel, guard: 'nothingHandedOver' } as const;
/** An order that is being undone anyway ends as what its customer asked for; to ask once is enough. */
export const cancelMeanwhile = { guard: 'notCancelledYet', actions: 'rememberCancel' } as const;

/** The stage in flight goes on; the order stops before the next one. */
export const hold = { actions: 'rememberHold' } as const;
export const holdNow = { target: 'onHold', actions: 'rememberHold' } as const;

/** Taken note of; what it asks of stock and money is done before the next stage. */
export const cancelLines = { guard: 'cancellableLines', actions: 'cancelLines' } as const;
export const cancelLinesNow = { ...cancelLines, target: 'adjusting' } as const;
/** The carrier does not take what is left of an order that is sent in part: its customer can do without it. */
export const cancelRest = { ...cancelLinesNow, guard: 'cancelsRest' } as const;

/** The gateway's news of a payment, which may come before its reply. */
export const settled = {
  guard: 'settlesThisCharge',
  target: 'proceeding',
  actions: 'settlePayment',
} as const;
export const settledMeanwhile = { guard: 'settlesThisCharge', actions: 'settlePayment' } as const;
/** Not definite until the gateway has barred the charge: its payer might try it again there. */
export const failed = { guard: 'failsThisCharge', target: 'settling', actions: 'rememberFailure' } as const;
export const failedMeanwhile = { guard: 'failsThisCharge', actions: 'rememberFailure' } as const;
/** The same news while the order waits for an operator: only where it waits for the money does it go on by itself. */
export const settledWhileStuck = [
  { ...settled, guard: and(['settlesThisCharge', 'stuckForMoney']) },
  settledMeanwhile,
] as const;
export const failedWhileStuck = { ...failed, guard: and(['failsThisCharge', 'stuckForMoney']) } as const;

export const takeBack = { guard: 'returnable', target: 'returning', actions: 'beginReturn' } as const;
export const giveBack = { guard: 'refundable', target: 'returning', actions: 'beginReturn' } as const;
