/** Sums as MongoDB keeps them: whole numbers exactly, doubles with twice their digits, decimals as decimals. */
import { Decimal128, Double, Int32, Long } from 'bson';
import { addExact, decimalToExact, doubleToDecimalOperand, doubleToExact, type Exact } from './decimal.ts';
import { divideNumbers } from './division.ts';
import type { Value } from './document.ts';
import { plainNumber } from './number.ts';
import { isInt32, TYPE, typeOf } from './type.ts';

/** Takes in numbers of any type, and tells their sum in the widest of these types. */
export class NumberSum {
  /** The double nearest to the sum of the doubles, and what it lacks. */
  #high = 0;
  #low = 0;
  #whole = 0;
  /** What `#whole` could not hold exactly. */
  #wholeRest = 0n;
  #decimals: Exact | number | undefined;
  #widest: number = TYPE.int;
  readonly #isLeftToRight: boolean;

  /** `$add` rounds a double that follows a decimal to 15 digits; `$sum` adds all doubles before it turns to decimals. */
  constructor(options: { isLeftToRight?: boolean } = {}) {
    this.#isLeftToRight = options.isLeftToRight === true;
  }

  /** Adds a number; anything else must not come here. */
  add(value: Value): void {
    const type = typeOf(value);
    const plain = plainNumber(value);
    if (type === TYPE.decimal) {
      this.#widest = TYPE.decimal;
      this.#addDecimal(decimalToExact(plain as Decimal128));
    } else if (type === TYPE.double) {
      if (this.#widest === TYPE.decimal && this.#isLeftToRight && Number.isFinite(plain)) {
        this.#addDecimal(doubleToDecimalOperand(plain as number));
        return;
      }
      if (this.#widest !== TYPE.decimal) this.#widest = TYPE.double;
      this.#addDouble(plain as number);
    } else {
      if (type === TYPE.long && this.#widest === TYPE.int) this.#widest = TYPE.long;
      this.#addWhole(plain as number | bigint);
    }
  }

  /** The sum: an int that outgrows its type becomes a long, a long becomes a double. */
  result(): Value {
    if (this.#widest === TYPE.decimal) return this.#asDecimal();
    const whole = this.#exactWhole();
    if (this.#widest === TYPE.double) return new Double(this.#asDouble(whole));
    if (this.#widest === TYPE.int && whole >= -0x80000000n && whole <= 0x7fffffffn)
      return new Int32(Number(whole));
    return BigInt.asIntN(64, whole) === whole ? Long.fromBigInt(whole) : new Double(Number(whole));
  }

  /** The sum divided by how many there were: a double, or a decimal if one was among them. */
  average(count: number): Value {
    if (this.#widest === TYPE.decimal) return divideNumbers(this.#asDecimal(), new Int32(count));
    return new Double(this.#asDouble(this.#exactWhole()) / count);
  }

  #addWhole(value: number | bigint): void {
    const next = typeof value === 'number' ? this.#whole + value : Number.NaN;
    if (Number.isSafeInteger(next)) {
      this.#whole = next;
      return;
    }
    this.#wholeRest += BigInt(this.#whole) + BigInt(value);
    this.#whole = 0;
  }

  #addDouble(value: number): void {
    const sum = this.#high + value;
    const part = sum - this.#high;
    const error = this.#high - (sum - part) + (value - part);
    this.#high = sum;
    this.#low += Number.isFinite(error) ? error : 0;
  }

  #addDecimal(value: Exact | number): void {
    const known = this.#decimals;
    if (known === undefined) this.#decimals = value;
    else if (typeof known === 'object' && typeof value === 'object') {
      this.#decimals = decimalToExact(addExact(known, value));
    } else this.#decimals = specialOf(known) + specialOf(value);
  }

  #exactWhole(): bigint {
    return BigInt(this.#whole) + this.#wholeRest;
  }

  #asDouble(whole: bigint): number {
    const rest = Number(whole);
    const sum = this.#high + rest;
    const part = sum - this.#high;
    const error = this.#high - (sum - part) + (rest - part) + this.#low;
    return Number.isFinite(error) ? sum + error : sum;
  }

  #asDecimal(): Decimal128 {
    if (!Number.isFinite(this.#high)) this.#addDecimal(this.#high);
    else {
      for (const part of [this.#high, this.#low]) if (part !== 0) this.#addDecimal(doubleToExact(part));
    }
    const whole = this.#exactWhole();
    if (whole !== 0n) this.#addDecimal({ coefficient: whole, exponent: 0 });
    this.#high = 0;
    this.#low = 0;
    this.#whole = 0;
    this.#wholeRest = 0n;
    const total = this.#decimals ?? { coefficient: 0n, exponent: 0 };
    if (typeof total === 'number') return Decimal128.fromString(String(total));
    return addExact(total, { coefficient: 0n, exponent: total.exponent });
  }
}

/** A finite number among NaN and infinities changes nothing. */
function specialOf(value: Exact | number): number {
  return typeof value === 'number' ? value : 0;
}

/** Returns a whole number as an int if it may be one and fits, as a long, or else as a double. */
export function wholeNumberValue(whole: bigint, mayBeInt: boolean): Value {
  if (mayBeInt && isInt32(Number(whole))) return new Int32(Number(whole));
  return BigInt.asIntN(64, whole) === whole ? Long.fromBigInt(whole) : new Double(Number(whole));
}
