/** What became of the credit invoices of the run: pure, told by the returning. */
import type { Invoice } from './invoices.ts';
import type { OrderReturn, Unmatched } from './matching.ts';

/** The run's account of credits; each chosen one is waiting, or returned in whole, in part, or not at all. */
export class CreditTally {
  whole = 0;
  part = 0;
  none = 0;
  /** Lines of credits that came to their end, and those of them that lack nothing. */
  lines = 0;
  wholeLines = 0;
  /** Returns that the engine took, and what came back with them. */
  returns = 0;
  units = 0;
  amountMinor = 0;
  /** What went with no purchase, and what the engine refused, by reason. */
  readonly unmatched = new Map<string, { lines: number; units: number }>();

  /** The engine took a return. */
  give({ lines }: OrderReturn): void {
    this.returns += 1;
    for (const { quantity, bought } of lines) {
      this.units += quantity;
      this.amountMinor += quantity * bought.unitPriceMinor;
    }
  }

  /** All that could be done for the credit is done. */
  end({ lines }: Invoice, returns: number, unmatched: Unmatched[]): void {
    for (const { reason, units } of unmatched) {
      const known = this.unmatched.get(reason) ?? { lines: 0, units: 0 };
      this.unmatched.set(reason, { lines: known.lines + 1, units: known.units + units });
    }
    this.lines += lines.length;
    this.wholeLines += Math.max(0, lines.length - unmatched.length);
    if (returns === 0) this.none += 1;
    else if (unmatched.length > 0) this.part += 1;
    else this.whole += 1;
  }
}
